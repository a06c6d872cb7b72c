-- A tour of a server in LuaJIT: connects, lists the tools, runs two calls at the
-- same time, and reports an error.
--
--     MCPCLIENT_TOKEN=... luajit tour.lua https://example.com/mcp
--
-- MCPCLIENT_HEADER and MCPCLIENT_LIBRARY name the header and the library if they
-- are not where the system has them.

local ffi = require("ffi")

-- The header is plain C, so that LuaJIT reads it.
local function declare(path)
    local file = assert(io.open(path))
    local text = file:read("*a"):gsub("/%*.-%*/", "")
    file:close()
    local constants, code = {}, {}
    for line in text:gmatch("[^\n]+") do
        local name, value = line:match("^#define (MCP_[%w_]+) (%-?%d+)$")
        if name then
            constants[name] = tonumber(value)
        elseif line:match('^#ifdef _WIN32') then
            code.skip = true
        elseif line:match("^#else") or line:match("^#endif") then
            code.skip = false
        elseif not code.skip and not line:match("^#") and not line:match('^extern "C"')
            and line ~= "}" then
            code[#code + 1] = line
        end
    end
    ffi.cdef(table.concat(code, "\n"))
    return constants
end

local MCP = declare(os.getenv("MCPCLIENT_HEADER") or "/usr/local/include/mcpclient.h")
local mcp = ffi.load(os.getenv("MCPCLIENT_LIBRARY") or "mcpclient")

local function text(value)
    return value ~= nil and ffi.string(value) or ""
end

local function fail(status, found)
    error({ status = ffi.string(mcp.mcp_status_name(status)),
            message = ffi.string(mcp.mcp_error_message(found)) }, 0)
end

-- Waits for a request that was started, and gives its result.
local function result_of(request)
    local status
    repeat
        status = mcp.mcp_request_wait(request, 1000)
    until status ~= MCP.MCP_PENDING
    if status ~= MCP.MCP_OK then
        fail(status, mcp.mcp_request_error(request))
    end
    local out = ffi.new("mcp_result *[1]")
    mcp.mcp_request_take_result(request, out)
    return ffi.gc(out[0], mcp.mcp_result_free)
end

local function start(request)
    request = ffi.gc(request, mcp.mcp_request_free)
    local status = mcp.mcp_request_start(request)
    if status ~= MCP.MCP_OK then
        fail(status, nil)
    end
    return request
end

local function tour(url)
    local client = mcp.mcp_client_new(url, os.getenv("MCPCLIENT_TOKEN"))
    if client == nil then
        fail(mcp.mcp_error_status(nil), nil)
    end
    client = ffi.gc(client, mcp.mcp_client_free)
    mcp.mcp_client_set_header(client, "X-Tour", "Lua")

    local server = result_of(start(mcp.mcp_request_new_connect(client)))
    print(("server: %s, revision %s"):format(text(mcp.mcp_result_server_name(server)),
        text(mcp.mcp_result_protocol_version(server))))

    local list = mcp.mcp_request_new(client, "tools/list", nil)
    mcp.mcp_request_set_all_pages(list, 1)
    local tools = result_of(start(list))
    print("tools: " .. text(mcp.mcp_tool_name(mcp.mcp_result_find_tool(tools, "echo"))))

    local reports = 0
    local on_progress = ffi.cast("mcp_progress_fn", function()
        reports = reports + 1
    end)
    local slow = mcp.mcp_request_new_call_tool(client, "slow", '{"steps":3}')
    mcp.mcp_request_set_progress(slow, on_progress, nil, nil)
    slow = start(slow)
    local echo = start(mcp.mcp_request_new_call_tool(client, "echo", '{"text":"hello"}'))
    print("echo: " .. text(mcp.mcp_result_text(result_of(echo), nil)))
    result_of(slow)
    print(("slow: %d reports"):format(reports))
    mcp.mcp_request_set_progress(slow, nil, nil, nil)
    on_progress:free()

    local _, failure = pcall(function()
        result_of(start(mcp.mcp_request_new_call_tool(client, "no such tool", nil)))
    end)
    print("no such tool: " .. failure.status)
end

-- The callback above runs inside mcp_request_wait(); compiled code must not call
-- a function that calls back.
jit.off(result_of)

if #arg ~= 1 then
    io.stderr:write("usage: tour.lua URL\n")
    os.exit(2)
end
local ok, failure = pcall(tour, arg[1])
if not ok then
    io.stderr:write((type(failure) == "table" and failure.message or failure) .. "\n")
    os.exit(1)
end
