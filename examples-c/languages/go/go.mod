module mcpclient.example/tour

go 1.19
