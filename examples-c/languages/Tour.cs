// A tour of a server in C#: connects, lists the tools, runs two calls at the same
// time on the thread pool, and reports an error.
//
//     MCPCLIENT_TOKEN=... Tour https://example.com/mcp

using System;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

static class Native
{
    const string Library = "mcpclient";

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    public delegate void Progress(IntPtr userdata, IntPtr request, IntPtr progress);

    [DllImport(Library)] public static extern IntPtr mcp_client_new(byte[] url, byte[] token);
    [DllImport(Library)] public static extern void mcp_client_free(IntPtr client);
    [DllImport(Library)] public static extern int mcp_client_set_header(IntPtr client, byte[] name, byte[] value);
    [DllImport(Library)] public static extern IntPtr mcp_request_new(IntPtr client, byte[] method, byte[] parameters);
    [DllImport(Library)] public static extern IntPtr mcp_request_new_connect(IntPtr client);
    [DllImport(Library)] public static extern IntPtr mcp_request_new_call_tool(IntPtr client, byte[] name, byte[] arguments);
    [DllImport(Library)] public static extern int mcp_request_set_all_pages(IntPtr request, int all);
    [DllImport(Library)] public static extern int mcp_request_set_progress(IntPtr request, Progress callback, IntPtr userdata, IntPtr free);
    [DllImport(Library)] public static extern int mcp_request_perform(IntPtr request, out IntPtr result);
    [DllImport(Library)] public static extern IntPtr mcp_request_error(IntPtr request);
    [DllImport(Library)] public static extern void mcp_request_free(IntPtr request);
    [DllImport(Library)] public static extern double mcp_progress_value(IntPtr progress);
    [DllImport(Library)] public static extern void mcp_result_free(IntPtr result);
    [DllImport(Library)] public static extern IntPtr mcp_result_server_name(IntPtr result);
    [DllImport(Library)] public static extern IntPtr mcp_result_protocol_version(IntPtr result);
    [DllImport(Library)] public static extern IntPtr mcp_result_find_tool(IntPtr result, byte[] name);
    [DllImport(Library)] public static extern IntPtr mcp_result_text(IntPtr result, IntPtr length);
    [DllImport(Library)] public static extern IntPtr mcp_tool_name(IntPtr tool);
    [DllImport(Library)] public static extern int mcp_error_status(IntPtr error);
    [DllImport(Library)] public static extern IntPtr mcp_error_message(IntPtr error);
    [DllImport(Library)] public static extern IntPtr mcp_status_name(int status);

    // Text is UTF-8 and ends with a NUL in both directions.
    public static byte[] Utf8(string text)
    {
        return text == null ? null : Encoding.UTF8.GetBytes(text + "\0");
    }

    public static string Text(IntPtr text)
    {
        if (text == IntPtr.Zero)
            return "";
        int length = 0;
        while (Marshal.ReadByte(text, length) != 0)
            length++;
        var bytes = new byte[length];
        Marshal.Copy(text, bytes, 0, length);
        return Encoding.UTF8.GetString(bytes);
    }
}

class Failure : Exception
{
    public readonly string Status;

    public Failure(IntPtr error) : base(Native.Text(Native.mcp_error_message(error)))
    {
        Status = Native.Text(Native.mcp_status_name(Native.mcp_error_status(error)));
    }
}

sealed class Client : IDisposable
{
    public readonly IntPtr Handle;

    public Client(string url, string token)
    {
        Handle = Native.mcp_client_new(Native.Utf8(url), Native.Utf8(token));
        if (Handle == IntPtr.Zero)
            throw new Failure(IntPtr.Zero);
    }

    public void Dispose()
    {
        Native.mcp_client_free(Handle);
    }

    // Performs a request and frees it.
    public static T Perform<T>(IntPtr request, Func<IntPtr, T> read)
    {
        try {
            IntPtr result;
            if (Native.mcp_request_perform(request, out result) != 0)
                throw new Failure(Native.mcp_request_error(request));
            try {
                return read(result);
            } finally {
                Native.mcp_result_free(result);
            }
        } finally {
            Native.mcp_request_free(request);
        }
    }

    public Task<string> CallTool(string name, string arguments, Native.Progress progress)
    {
        return Task.Run(() => {
            var request = Native.mcp_request_new_call_tool(Handle, Native.Utf8(name), Native.Utf8(arguments));
            if (progress != null)
                Native.mcp_request_set_progress(request, progress, IntPtr.Zero, IntPtr.Zero);
            var text = Perform(request, result => Native.Text(Native.mcp_result_text(result, IntPtr.Zero)));
            // The library calls it until the request is freed.
            GC.KeepAlive(progress);
            return text;
        });
    }
}

static class Program
{
    static async Task Tour(string url)
    {
        using (var client = new Client(url, Environment.GetEnvironmentVariable("MCPCLIENT_TOKEN"))) {
            Native.mcp_client_set_header(client.Handle, Native.Utf8("X-Tour"), Native.Utf8("C#"));
            Console.WriteLine(Client.Perform(Native.mcp_request_new_connect(client.Handle), server =>
                "server: " + Native.Text(Native.mcp_result_server_name(server))
                + ", revision " + Native.Text(Native.mcp_result_protocol_version(server))));

            var list = Native.mcp_request_new(client.Handle, Native.Utf8("tools/list"), null);
            Native.mcp_request_set_all_pages(list, 1);
            Console.WriteLine("tools: " + Client.Perform(list, tools => Native.Text(
                Native.mcp_tool_name(Native.mcp_result_find_tool(tools, Native.Utf8("echo"))))));

            int reports = 0;
            Native.Progress onProgress = (userdata, request, progress) => {
                if (Native.mcp_progress_value(progress) > 0)
                    Interlocked.Increment(ref reports);
            };
            var slow = client.CallTool("slow", "{\"steps\":3}", onProgress);
            var echo = client.CallTool("echo", "{\"text\":\"hello\"}", null);
            Console.WriteLine("echo: " + await echo);
            await slow;
            Console.WriteLine("slow: " + reports + " reports");

            try {
                await client.CallTool("no such tool", null, null);
            } catch (Failure failure) {
                Console.WriteLine("no such tool: " + failure.Status);
            }
        }
    }

    static int Main(string[] arguments)
    {
        if (arguments.Length != 1) {
            Console.Error.WriteLine("usage: Tour URL");
            return 2;
        }
        try {
            Tour(arguments[0]).GetAwaiter().GetResult();
            return 0;
        } catch (Failure failure) {
            Console.Error.WriteLine(failure.Message);
            return 1;
        }
    }
}
