// A Go program: main URL TOKEN. A goroutine may change its thread between two
// calls of C, so that errors are read from the request, not from the thread.
package main

// #cgo pkg-config: mcpclient
// #include <stdlib.h>
// #include <mcpclient.h>
import "C"

import (
	"fmt"
	"os"
	"sync"
	"unsafe"
)

// Error is a failure of a call.
type Error struct {
	Status  string
	HTTP    int
	Message string
}

func (e *Error) Error() string { return e.Message }

func text(s string) *C.char { return C.CString(s) }

func ping(client *C.mcp_client) error {
	method := text("ping")
	defer C.free(unsafe.Pointer(method))
	request := C.mcp_request_new(client, method, nil)
	defer C.mcp_request_free(request)
	status := C.mcp_request_perform(request, nil)
	if status == C.MCP_OK {
		return nil
	}
	own := C.mcp_request_error(request)
	return &Error{
		Status:  C.GoString(C.mcp_status_name(status)),
		HTTP:    int(C.mcp_error_http_status(own)),
		Message: C.GoString(C.mcp_error_message(own)),
	}
}

func main() {
	url, token, wrong := text(os.Args[1]), text(os.Args[2]), text("wrong")
	client := C.mcp_client_new(url, token)
	if client == nil {
		os.Exit(1)
	}
	defer C.mcp_client_free(client)
	var group sync.WaitGroup
	failures := make(chan error, 32)
	for i := 0; i < 32; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			failures <- ping(client)
		}()
	}
	group.Wait()
	close(failures)
	for err := range failures {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	C.mcp_client_set_token(client, wrong)
	err, ok := ping(client).(*Error)
	if !ok {
		os.Exit(1)
	}
	fmt.Printf("pong, then %s: HTTP %d\n", err.Status, err.HTTP)
}
