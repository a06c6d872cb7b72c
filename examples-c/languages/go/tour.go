// A tour of a server in Go: connects, lists the tools, runs two calls at the
// same time in goroutines, and reports an error.
//
//	MCPCLIENT_TOKEN=... tour https://example.com/mcp
package main

/*
#cgo LDFLAGS: -lmcpclient
#include <stdlib.h>
#include <mcpclient.h>

extern void goProgress(void *userdata, mcp_request *request, mcp_progress *progress);

static int32_t set_progress(mcp_request *request, uintptr_t handle)
{
	return mcp_request_set_progress(request, (mcp_progress_fn)goProgress, (void *)handle, NULL);
}
*/
import "C"

import (
	"fmt"
	"os"
	"runtime/cgo"
	"sync"
	"unsafe"
)

// Failure is what a function of the library reported.
type Failure struct {
	Status  string
	Message string
}

func (failure *Failure) Error() string { return failure.Message }

func failure(found *C.mcp_error) error {
	return &Failure{
		Status:  C.GoString(C.mcp_status_name(C.mcp_error_status(found))),
		Message: C.GoString(C.mcp_error_message(found)),
	}
}

//export goProgress
func goProgress(userdata unsafe.Pointer, request *C.mcp_request, progress *C.mcp_progress) {
	report := cgo.Handle(uintptr(userdata)).Value().(func(float64))
	report(float64(C.mcp_progress_value(progress)))
}

func text(value *C.char) string {
	if value == nil {
		return ""
	}
	return C.GoString(value)
}

// Client talks to one server. Any goroutine may use it.
type Client struct{ handle *C.mcp_client }

// NewClient makes a client; it does no I/O.
func NewClient(url, token string) (*Client, error) {
	cURL := C.CString(url)
	defer C.free(unsafe.Pointer(cURL))
	var cToken *C.char
	if token != "" {
		cToken = C.CString(token)
		defer C.free(unsafe.Pointer(cToken))
	}
	handle := C.mcp_client_new(cURL, cToken)
	if handle == nil {
		return nil, failure(nil)
	}
	return &Client{handle}, nil
}

// Close releases the client.
func (client *Client) Close() { C.mcp_client_free(client.handle) }

// SetHeader sends a header with every request.
func (client *Client) SetHeader(name, value string) {
	cName, cValue := C.CString(name), C.CString(value)
	defer C.free(unsafe.Pointer(cName))
	defer C.free(unsafe.Pointer(cValue))
	C.mcp_client_set_header(client.handle, cName, cValue)
}

// perform runs a request and frees it. The error of a request does not depend
// on the thread, which the scheduler of Go may change between two calls.
func perform(request *C.mcp_request, use func(*C.mcp_result)) error {
	defer C.mcp_request_free(request)
	var result *C.mcp_result
	if C.mcp_request_perform(request, &result) != C.MCP_OK {
		return failure(C.mcp_request_error(request))
	}
	defer C.mcp_result_free(result)
	use(result)
	return nil
}

// CallTool calls a tool with arguments as JSON, and returns the text of its result.
func (client *Client) CallTool(name, arguments string, report func(float64)) (string, error) {
	cName, cArguments := C.CString(name), C.CString(arguments)
	defer C.free(unsafe.Pointer(cName))
	defer C.free(unsafe.Pointer(cArguments))
	request := C.mcp_request_new_call_tool(client.handle, cName, cArguments)
	if report != nil {
		handle := cgo.NewHandle(report)
		defer handle.Delete()
		C.set_progress(request, C.uintptr_t(handle))
	}
	found := ""
	err := perform(request, func(result *C.mcp_result) { found = text(C.mcp_result_text(result, nil)) })
	return found, err
}

func tour(url string) error {
	client, err := NewClient(url, os.Getenv("MCPCLIENT_TOKEN"))
	if err != nil {
		return err
	}
	defer client.Close()
	client.SetHeader("X-Tour", "Go")

	err = perform(C.mcp_request_new_connect(client.handle), func(result *C.mcp_result) {
		fmt.Printf("server: %s, revision %s\n", text(C.mcp_result_server_name(result)),
			text(C.mcp_result_protocol_version(result)))
	})
	if err != nil {
		return err
	}

	method, name := C.CString("tools/list"), C.CString("echo")
	defer C.free(unsafe.Pointer(method))
	defer C.free(unsafe.Pointer(name))
	list := C.mcp_request_new(client.handle, method, nil)
	C.mcp_request_set_all_pages(list, 1)
	err = perform(list, func(result *C.mcp_result) {
		found := C.mcp_result_find_tool(result, name)
		fmt.Printf("tools: %s\n", text(C.mcp_tool_name(found)))
	})
	if err != nil {
		return err
	}

	var calls sync.WaitGroup
	reports := 0
	calls.Add(2)
	go func() {
		defer calls.Done()
		client.CallTool("slow", `{"steps":3}`, func(float64) { reports++ })
	}()
	go func() {
		defer calls.Done()
		if found, err := client.CallTool("echo", `{"text":"hello"}`, nil); err == nil {
			fmt.Printf("echo: %s\n", found)
		}
	}()
	calls.Wait()
	fmt.Printf("slow: %d reports\n", reports)

	if _, err := client.CallTool("no such tool", "", nil); err != nil {
		fmt.Printf("no such tool: %s\n", err.(*Failure).Status)
	}
	return nil
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: tour URL")
		os.Exit(2)
	}
	if err := tour(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
