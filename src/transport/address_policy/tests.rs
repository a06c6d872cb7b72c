use super::*;
use crate::wire::url::URL_LIMIT;

fn policy(zone: NetworkZone) -> AddressPolicy {
    AddressPolicy { zone, allows_private: false, allows_plain_http: false }
}

fn https(host: &str) -> Origin {
    Origin { scheme: Scheme::Https, host: host.to_owned(), port: 443 }
}

#[test]
fn knows_every_kind_of_address() {
    use AddressKind::{LinkLocal, Loopback, Multicast, Private, Public, Unspecified};
    for (kind, addresses) in [
        (
            Public,
            "1.1.1.1 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 \
             128.0.0.0 169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 \
             192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 223.255.255.255 \
             2606:4700::1111 2001:200:: 2001:4860:4860::8888 2003:: 3ffe:ffff:: \
             ::ffff:8.8.8.8 ::8.8.8.8 64:ff9b::808:808 2002:808:808::1 \
             2001::f7f7:f7f7",
        ),
        (
            Private,
            "10.0.0.0 10.255.255.255 172.16.0.0 172.31.255.255 192.168.0.0 \
             192.168.255.255 100.64.0.0 100.127.255.255 192.0.0.192 192.0.2.1 192.88.99.1 \
             198.18.0.0 198.19.255.255 198.51.100.7 203.0.113.7 240.0.0.0 \
             255.255.255.254 fc00:: fd00:ec2::254 fdff:ffff:: fec0::1 100::1 2001:db8::1 \
             2001:20::1 3fff::1 4000:: ::ffff:10.0.0.1 ::10.0.0.1 ::ffff:0:10.0.0.1 \
             64:ff9b::a00:1 64:ff9b:1::808:808 2002:a00:1::1 2001::f5ff:fffe",
        ),
        (
            Loopback,
            "127.0.0.0 127.0.0.1 127.255.255.255 ::1 ::ffff:127.0.0.1 ::127.0.0.1 \
             ::ffff:0:127.0.0.1 64:ff9b::7f00:1 64:ff9b:1::7f00:1 2002:7f00:1:: \
             2001::80ff:fffe",
        ),
        (
            LinkLocal,
            "169.254.0.0 169.254.169.254 169.254.255.255 fe80:: fe80::1 \
             febf:ffff::1 ::ffff:169.254.169.254 ::169.254.169.254 64:ff9b::a9fe:a9fe \
             64:ff9b:1::a9fe:a9fe 2002:a9fe:a9fe::1 2001::5601:5601",
        ),
        (Unspecified, "0.0.0.0 0.255.255.255 :: ::2 ::ffff:0.0.0.0 64:ff9b:: 2002::1"),
        (
            Multicast,
            "224.0.0.0 239.255.255.255 255.255.255.255 ff00:: ff02::1 ffff::1 \
             ::ffff:224.0.0.1",
        ),
    ] {
        for address in addresses.split_whitespace() {
            assert_eq!(AddressKind::of(address.parse().unwrap()), kind, "{address}");
        }
    }
}

#[test]
fn lets_a_server_send_us_nowhere_nearer_than_itself() {
    let kinds = ["1.1.1.1", "10.0.0.1", "127.0.0.1", "169.254.169.254", "0.0.0.0", "224.0.0.1"];
    let allowed = |policy: AddressPolicy| {
        kinds.map(|address| {
            let address: SocketAddr = format!("{address}:443").parse().unwrap();
            let found = policy.filter(&https("h"), vec![address]).is_ok();
            assert_eq!(policy.check_host(&address.ip().to_string()).is_ok(), found);
            found
        })
    };
    assert_eq!(allowed(policy(NetworkZone::Public)), [true, false, false, false, false, false]);
    assert_eq!(allowed(policy(NetworkZone::Private)), [true, true, false, false, false, false]);
    assert_eq!(allowed(policy(NetworkZone::Loopback)), [true, true, true, false, false, false]);
    for zone in [NetworkZone::Public, NetworkZone::Private, NetworkZone::Loopback] {
        let open = AddressPolicy { allows_private: true, ..policy(zone) };
        assert_eq!(allowed(open), [true, true, true, false, false, false]);
    }
}

#[test]
fn leaves_the_addresses_of_a_name_that_are_allowed() {
    let parse = |text: &str| text.parse::<SocketAddr>().unwrap();
    let all = vec![parse("10.0.0.1:443"), parse("[2606::1]:443"), parse("[::1]:443")];
    let left = policy(NetworkZone::Public).filter(&https("id.example"), all).unwrap();
    assert_eq!(left, [parse("[2606::1]:443")]);
    let error =
        policy(NetworkZone::Public).filter(&https("id.example"), vec![parse("10.0.0.1:443")]);
    let error = error.unwrap_err();
    assert_eq!(error.status(), Status::Insecure);
    for words in
        ["\"id.example\"", "a private", "10.0.0.1", "is public", "mcp_auth_set_allow_private()"]
    {
        assert!(error.message().contains(words), "{}", error.message());
    }
    // What the option does not open does not name it.
    let error = policy(NetworkZone::Public).check_host("169.254.169.254").unwrap_err();
    assert!(error.message().contains("link-local") && !error.message().contains("mcp_auth"));
}

#[test]
fn judges_of_names_that_others_resolve_those_of_this_machine_alone() {
    let check = |host: &str| policy(NetworkZone::Public).check_host(host).is_ok();
    assert!(check("id.example") && check("10.example"));
    for host in ["localhost", "localhost.", "a.localhost", "127.0.0.1.", "::1"] {
        assert!(!check(host), "{host}");
    }
}

#[test]
fn knows_where_a_server_is() {
    let zone = |text: &str| NetworkZone::of(text.parse().unwrap());
    assert_eq!(zone("127.0.0.1"), NetworkZone::Loopback);
    assert_eq!(zone("0.0.0.0"), NetworkZone::Loopback);
    assert_eq!(zone("169.254.1.1"), NetworkZone::Private);
    assert_eq!(zone("192.168.0.1"), NetworkZone::Private);
    assert_eq!(zone("::ffff:8.8.8.8"), NetworkZone::Public);
}

#[test]
fn takes_https_and_http_of_this_machine_where_the_server_is_there() {
    for url in ["https://id.example/a?b=c", "https://127.0.0.1/", "https://[::1]:8443"] {
        assert!(policy(NetworkZone::Public).url(url).is_ok(), "{url}");
    }
    for host in ["localhost", "127.0.0.1", "127.9.9.9", "[::1]"] {
        let url = format!("http://{host}:8000/x");
        assert!(policy(NetworkZone::Loopback).url(&url).is_ok(), "{url}");
        for zone in [NetworkZone::Private, NetworkZone::Public] {
            let error = policy(zone).url(&url).unwrap_err();
            assert_eq!(error.status(), Status::Insecure, "{url}");
            let open = AddressPolicy { allows_private: true, ..policy(zone) };
            assert!(open.url(&url).is_ok(), "{url}");
        }
    }
    for plain in ["http://id.example/x", "http://a.localhost/x", "http://[::ffff:127.0.0.1]/x"] {
        for zone in [NetworkZone::Loopback, NetworkZone::Public] {
            assert_eq!(policy(zone).url(plain).unwrap_err().status(), Status::Insecure);
            let open = AddressPolicy { allows_private: true, ..policy(zone) };
            assert_eq!(open.url(plain).unwrap_err().status(), Status::Insecure);
            assert!(AddressPolicy { allows_plain_http: true, ..policy(zone) }.url(plain).is_ok());
        }
    }
}

#[test]
fn takes_plain_http_on_a_private_network_only_if_both_are_allowed() {
    let url = |text: &str| Url::parse_untrusted(text).unwrap();
    for zone in [NetworkZone::Loopback, NetworkZone::Private, NetworkZone::Public] {
        for (allows_private, allows_plain_http) in
            [(false, false), (false, true), (true, false), (true, true)]
        {
            let policy = AddressPolicy { zone, allows_private, allows_plain_http };
            let both = allows_private && allows_plain_http && zone != NetworkZone::Public;
            for text in ["http://192.168.1.5:8000/a", "http://nas.local/a", "http://nas/a"] {
                let checked = policy.check_other(&url(text));
                assert_eq!(checked.is_ok(), both, "{policy:?} {text}");
                if let Err(error) = checked {
                    assert_eq!(error.status(), Status::Insecure);
                    for name in ["MCP_ALLOW_PLAIN_HTTP", "allow_private()"] {
                        assert!(error.message().contains(name), "{}", error.message());
                    }
                }
            }
            for text in ["https://192.168.1.5/a", "https://h.example", "http://127.0.0.1:1/a"] {
                assert!(policy.check_other(&url(text)).is_ok(), "{policy:?} {text}");
            }
            let error = policy.check_other(&url("http://h.example/a?s3cret")).unwrap_err();
            assert!(error.message().contains("must use https"), "{}", error.message());
            assert!(!error.message().contains("mcp_") && !error.message().contains("s3cret"));
        }
    }
}

#[test]
fn sends_plain_http_to_no_public_address_of_a_private_name() {
    let addresses = |all: &[&str]| -> Vec<SocketAddr> {
        all.iter().map(|one| SocketAddr::new(one.parse().unwrap(), 80)).collect()
    };
    let origin = |text: &str| Url::parse_untrusted(text).unwrap().origin;
    let (public, private) = ("93.184.216.34", "192.168.1.5");
    for zone in [NetworkZone::Loopback, NetworkZone::Private] {
        let policy = AddressPolicy { zone, allows_private: true, allows_plain_http: true };
        for url in ["http://nas.local/a", "http://ai/a", "http://x.corp/a"] {
            let error = policy.filter(&origin(url), addresses(&[public])).unwrap_err();
            assert_eq!(error.status(), Status::Insecure);
            assert!(error.message().contains("must use https"), "{}", error.message());
            let kept = policy.filter(&origin(url), addresses(&[public, private])).unwrap();
            assert_eq!(kept, addresses(&[private]));
        }
        let all = addresses(&[public, private]);
        assert_eq!(policy.filter(&origin("https://nas.local/a"), all.clone()).unwrap(), all);
    }
    // An MCP server that the application itself reaches by plain http.
    let zone = NetworkZone::Public;
    let policy = AddressPolicy { zone, allows_private: false, allows_plain_http: true };
    let kept = policy.filter(&origin("http://mcp.example/a"), addresses(&[public]));
    assert_eq!(kept.unwrap(), addresses(&[public]));
}

#[test]
fn knows_the_hosts_that_only_a_private_network_has() {
    for host in [
        "10.0.0.1",
        "172.31.0.1",
        "192.168.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "fd00::1",
        "::1",
        "nas",
        "NAS.local",
        "nas.local.",
        "a.b.home.arpa",
        "x.internal",
        "x.lan",
    ] {
        assert!(is_private_host(host), "{host}");
    }
    for host in [
        "8.8.8.8",
        "169.254.169.254",
        "0.0.0.0",
        "224.0.0.1",
        "2606:4700::1111",
        "fe80::1",
        "example.com",
        "local.example.com",
        "notlocal.example",
        "x.notlan",
        ".local",
        "",
        ".",
    ] {
        assert!(!is_private_host(host), "{host}");
    }
}

#[test]
fn refuses_urls_that_are_not_to_be_followed_without_showing_what_is_secret() {
    let long = format!("https://h/{}", "x".repeat(URL_LIMIT));
    for (text, words) in [
        ("", "is empty"),
        ("javascript:alert(1)", "no scheme"),
        ("file:///etc/passwd", "neither http nor https"),
        ("https://user:s3cret@h/a?s3cret", "\"https://h/a\" has a user name"),
        ("https://h/a?s3cret#s3cret", "\"https://h/a\" has a fragment"),
        ("https://h/a?s3cret\r\nX: y", "control character"),
        ("https://h/\u{e9}", "outside ASCII"),
        ("https://127.1/?s3cret", "no whole IPv4"),
        ("https://0x7f000001/", "no whole IPv4"),
        ("https://2130706433/", "no whole IPv4"),
        ("https://127.0.0.0x1./", "no whole IPv4"),
        ("https://127.0.0.1./", "no whole IPv4"),
        ("https://[::1%25eth0]/", "IPv6"),
        (&long, "has more than 2048 bytes"),
    ] {
        let error = policy(NetworkZone::Loopback).url(text).unwrap_err();
        let message = error.message();
        assert!(message.contains(words), "{text}: {message}");
        assert!(!message.contains("s3cret") && message.len() < 400, "{message}");
        assert_eq!(error.status(), Status::Auth, "{text}");
    }
    let error = policy(NetworkZone::Public).url("http://h/a?s3cret").unwrap_err();
    assert!(!error.message().contains("s3cret"), "{}", error.message());
}
