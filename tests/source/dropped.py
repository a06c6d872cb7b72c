"""Names that the header had before its freeze, and how many functions it has."""

import os
import re

# Each name begins with mcp_ or MCP_.
NAMES = """
    auth_set_assertion_file auth_set_assertion_variable cancel_reset client_auth
    client_count client_new_config client_set_allow_plain_http
    client_set_cache_size client_set_connect_timeout client_set_input_timeout
    client_set_max_events client_set_max_items client_set_max_message_size
    client_set_max_pages client_set_repeat_tools client_set_restart
    client_set_stderr_fd client_set_tasks config_client config_warning_count
    content_annotations_json content_meta_json content_name content_uri
    delete_fn device_code_complete_url device_code_expires_in device_code_url
    device_code_user_code event_data_json event_logger list_tasks load_fn prompt_argument_title
    prompt_icons_json prompt_meta_json resource_annotations_json
    resource_icons_json resource_meta_json result_capabilities_json
    result_completion_total result_meta_json result_server_title result_task_id
    result_task_message result_task_poll_interval result_task_status
    result_task_ttl result_ttl task_created task_updated save_fn text_set
    tool_annotations_json tool_icons_json tool_meta_json
    COUNT_DROPPED_REPLIES COUNT_DROPPED_EVENTS COUNT_CACHE_HITS
    COUNT_RECONNECTIONS COUNT_REPETITIONS COUNT_RESUMPTIONS COUNT_STARTS
    COUNT_JUNK EVENT_SILENT
""".split()
PLACES = ["include", "src", "examples-c", "docs", "tests", "fuzz", "bench", "README.md",
          "CONTRIBUTING.md"]
NO_TEXT = {"target", "build", "node_modules", "found", "artifacts", "corpus", ".out",
           "__pycache__"}
MOST_FUNCTIONS = 280


def left(root):
    """Where a dropped name is still written."""
    names = "|".join(re.escape(("MCP_" if name.isupper() else "mcp_") + name) for name in NAMES)
    pattern = re.compile(r"\b(?:%s)\b" % names)
    for path in files(root):
        if os.path.abspath(path) == os.path.abspath(__file__):
            continue
        try:
            with open(path, encoding="utf-8") as file:
                text = file.read()
        except (UnicodeDecodeError, OSError):
            continue
        for number, line in enumerate(text.splitlines(), 1):
            for name in pattern.findall(line):
                yield "%s:%d: %s" % (os.path.relpath(path, root), number, name)


def files(root):
    for place in PLACES:
        path = os.path.join(root, place)
        if os.path.isfile(path):
            yield path
        for base, folders, names in os.walk(path):
            folders[:] = [one for one in folders if one not in NO_TEXT and one[0] != "."]
            # The record of the ABI has a test of its own.
            names = [name for name in sorted(names) if not name.endswith(".abi.xml")]
            yield from (os.path.join(base, name) for name in names)
