/* Signs in without a browser on this machine (OAuth): device URL
 *
 * The person opens the address on any other device and enters the code.
 */
#include <stdio.h>
#include <stdlib.h>

#include <mcpclient.h>

static int32_t on_code(void *userdata, mcp_auth *auth,
                       const mcp_sign_in_page *page)
{
    (void)userdata;
    (void)auth;
    printf("Visit %s and enter the code %s", mcp_sign_in_page_url(page),
           mcp_sign_in_page_user_code(page));
    if (mcp_sign_in_page_complete_url(page) != NULL)
        printf(",\nor visit %s", mcp_sign_in_page_complete_url(page));
    printf(".\nThe code expires in %ld s.\n",
           (long)(mcp_sign_in_page_expires_in(page) / 1000));
    fflush(stdout);
    return MCP_OK;
}

int main(int argc, char **argv)
{
    mcp_auth *auth = mcp_auth_new(MCP_GRANT_DEVICE);
    mcp_client *client = mcp_client_new(argc > 1 ? argv[1] : NULL, NULL);
    int32_t status = MCP_E_INVALID_ARGUMENT;

    if (auth != NULL && client != NULL)
        status = mcp_auth_set_device_handler(auth, on_code, NULL, NULL);
    if (status == MCP_OK)
        status = mcp_auth_set_store_file(auth, NULL);
    if (status == MCP_OK)
        status = mcp_client_set_auth(client, auth);
    if (status == MCP_OK)
        status = mcp_ping(client);
    if (status == MCP_OK)
        printf("it answers\n");
    else
        fprintf(stderr, "%s\n", mcp_error_message(NULL));
    mcp_client_free(client);
    mcp_auth_free(auth);
    return status == MCP_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
