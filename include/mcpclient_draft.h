/*
 * mcpclient_draft.h - functions of libmcpclient for parts of the Model
 * Context Protocol that are not finished.
 *
 * Generated from src/ffi by cbindgen.  Edit the sources, not this file.
 *
 * What is declared here carries no promise: it may change or go with any
 * version of the library, as the specification of it changes.  docs/abi.md
 * says how a draft becomes stable.  The rules of mcpclient.h hold here too.
 */
#ifndef MCPCLIENT_DRAFT_H
#define MCPCLIENT_DRAFT_H

#include <mcpclient.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * ===========================================================================
 * TYPES
 * ===========================================================================
 * The handles.  The comment of each is in its chapter.
 */
typedef struct mcp_skill mcp_skill;

/*
 * ===========================================================================
 * SKILLS
 * ===========================================================================
 * A skill is a folder of instructions for a language model (extension
 * io.modelcontextprotocol/skills):
 *
 *     mcp_result *result = NULL;
 *
 *     if (mcp_list_skills(client, &result) == MCP_OK)
 *         for (size_t i = 0; i < mcp_result_skill_count(result); i++) {
 *             const char *name = mcp_skill_name(mcp_result_skill(result, i));
 *
 *             puts(name ? name : "");
 *         }
 *     mcp_result_free(result);
 */

/**
 * A SKILL of mcp_result_skill(), borrowed from the result: instructions for
 * a language model, in files that are read on demand.
 *
 * All its texts come from the server: do not trust them.
 *
 * Functions: mcp_skill_uri(), mcp_skill_name(), mcp_skill_description(),
 *   mcp_skill_frontmatter_json(), mcp_skill_file_count(),
 *   mcp_skill_file_uri(), mcp_skill_file_digest(), mcp_skill_file_size(),
 *   mcp_skill_json().
 */
struct mcp_skill;

/**
 * Lists all skills of the server; reads all pages of the list, but none of
 * the skills' files.
 *
 * The function waits for the server.  mcp_request_new() with the method
 * "skills/list" and mcp_request_set_all_pages() make a request that does the
 * same and can be started.
 *
 * `out`: as for mcp_list_tools(); read it with mcp_result_skill_count() and
 * mcp_result_skill().
 *
 * Errors: those of mcp_list_tools().
 *
 * Spec: SEP-2640, skills/list.
 */
int32_t mcp_list_skills(mcp_client *client, mcp_result **out);

/**
 * Reads a file of a skill, and verifies it against the skill's entry in the
 * list.
 *
 * `skill`: a skill from a list of this server.
 * `index`: the file's index, from 0 on.
 * `out`: as for mcp_call_tool(); read the file with mcp_result_content().
 *
 * The size and the SHA-256 of the file must be those of the entry.  The
 * front matter of the skill's main file must equal the entry's front matter,
 * field by field.
 *
 * The function waits for the server.  This draft has no request that does the
 * same: an event loop calls the function on another thread, or starts
 * mcp_request_new_read_resource() and verifies the file itself.
 *
 * Errors: call errors; MCP_E_INTEGRITY if the file differs from its entry,
 * and `out` receives nothing of it; MCP_E_INVALID_ARGUMENT for an index past
 * the last file.
 *
 * Spec: SEP-2640, resources/read.
 */
int32_t mcp_read_skill_file(mcp_client *client,
                            const mcp_skill *skill,
                            size_t index,
                            mcp_result **out);

/**
 * Returns the number of skills in a result of mcp_list_skills().
 *
 * `result`: NULL gives 0.
 *
 * Spec: SEP-2640.
 */
size_t mcp_result_skill_count(const mcp_result *result);

/**
 * Returns a skill by its index.
 *
 * `result`: NULL gives NULL.
 * `index`: starts at 0; NULL past the end.
 *
 * Spec: SEP-2640.
 */
const mcp_skill *mcp_result_skill(const mcp_result *result, size_t index);

/**
 * Returns the URI of the skill's main file.
 *
 * `skill`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or a value of another type.
 *
 * Spec: SEP-2640.
 */
const char *mcp_skill_uri(const mcp_skill *skill);

/**
 * Returns the skill's name, from the front matter.
 *
 * `skill`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or a value of another type.
 *
 * Spec: SEP-2640.
 */
const char *mcp_skill_name(const mcp_skill *skill);

/**
 * Returns the skill's description, from the front matter.
 *
 * `skill`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or a value of another type.
 *
 * Spec: SEP-2640.
 */
const char *mcp_skill_description(const mcp_skill *skill);

/**
 * Returns the skill's front matter as a JSON object.
 *
 * `skill`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or null; a value of another type is
 * returned as it is.
 *
 * Spec: SEP-2640.
 */
const char *mcp_skill_frontmatter_json(const mcp_skill *skill, size_t *len);

/**
 * Returns the number of the skill's files, including the main file.
 *
 * `skill`: NULL gives 0.
 *
 * Spec: SEP-2640.
 */
size_t mcp_skill_file_count(const mcp_skill *skill);

/**
 * Returns a file's URI by its index.
 *
 * `skill`: NULL gives NULL.
 * `index`: starts at 0; NULL past the end.
 *
 * Returns NULL if the server sent none or a value of another type.
 *
 * Spec: SEP-2640.
 */
const char *mcp_skill_file_uri(const mcp_skill *skill, size_t index);

/**
 * Returns a file's digest, such as "sha256:...", by its index.
 *
 * `skill`: NULL gives NULL.
 * `index`: starts at 0; NULL past the end.
 *
 * Returns NULL if the server sent none or a value of another type.
 *
 * Spec: SEP-2640.
 */
const char *mcp_skill_file_digest(const mcp_skill *skill, size_t index);

/**
 * Returns a file's size in bytes by its index, or -1 if the entry does not
 * say.
 *
 * `skill`: NULL gives -1.
 * `index`: starts at 0; -1 past the end.
 *
 * Spec: SEP-2640.
 */
int64_t mcp_skill_file_size(const mcp_skill *skill, size_t index);

/**
 * Returns the skill's whole entry as JSON text.
 *
 * `skill`: NULL gives NULL.
 *
 * Never NULL for a valid `skill`.
 *
 * Spec: SEP-2640.
 */
const char *mcp_skill_json(const mcp_skill *skill, size_t *len);

/*
 * ===========================================================================
 * PROOF OF POSSESSION
 * ===========================================================================
 * Tokens that are bound to a key (DPoP, RFC 9449; its use with MCP is a draft):
 *
 *     mcp_auth *auth = mcp_auth_new(MCP_GRANT_AUTHORIZATION_CODE);
 *
 *     mcp_auth_set_browser(auth, mcp_open_browser, NULL, NULL);
 *     mcp_auth_set_dpop(auth, 1);
 *     mcp_client_set_auth(client, auth);
 *     mcp_auth_free(auth);
 */

/**
 * Sets whether tokens are bound to a key (DPoP), so that a stolen token is
 * useless.
 *
 * `auth`: an authorization before its first exchange.
 * `on`: 1 requires DPoP, and a server that does not support it is
 * MCP_E_AUTH.  0 never uses DPoP.  -1, which is the default, uses DPoP if
 * the server asks for it.
 *
 * When: before use.  Spec: RFC 9449.
 */
int32_t mcp_auth_set_dpop(mcp_auth *auth, int32_t on);

/**
 * Sets the key to which tokens are bound.  Without it the library makes a
 * key for each server and stores it with the token.
 *
 * `auth`: an authorization before its first exchange.
 * `key_pem`: an unencrypted PKCS #8 key in PEM, copied; NULL removes it.
 * `algorithm`: as for mcp_auth_set_client_key().
 *
 * When: before use.  Spec: RFC 9449.
 */
int32_t mcp_auth_set_dpop_key(mcp_auth *auth,
                              const char *key_pem,
                              const char *algorithm);

/*
 * ===========================================================================
 * WORKLOAD IDENTITY
 * ===========================================================================
 * A program that gets a signed token from its platform (its use with MCP is a
 * draft):
 *
 *     mcp_auth *auth = mcp_auth_new(MCP_GRANT_JWT_BEARER);
 *
 *     mcp_client_set_auth(client, auth);
 *     mcp_auth_free(auth);
 */

/**
 * The application is a workload, and its platform gives it a signed token
 * (workload identity federation).
 */
#define MCP_GRANT_JWT_BEARER 4

/**
 * Reads the signed token from a file: a callback for
 * mcp_auth_set_assertion_handler().
 *
 * `userdata`: the path of the file in UTF-8, a C string of the application.
 * It must stay valid as long as the callback is set; `free_userdata` may free
 * it.
 * `auth`: ignored, may be NULL.
 * `assertion`: receives the token.
 *
 * The library reads the file again for each exchange, on the thread that is
 * in a call, or that dispatches.  The file need not exist when the callback
 * is set.
 *
 * Returns MCP_OK; MCP_E_INVALID_ARGUMENT; MCP_E_AUTH if the file cannot be
 * read, is no regular file, or has more than 256 KiB.
 */
int32_t mcp_assertion_from_file(void *userdata,
                                mcp_auth *auth,
                                mcp_assertion *assertion);

/**
 * Reads the signed token from an environment variable: a callback for
 * mcp_auth_set_assertion_handler().
 *
 * `userdata`: the name of the variable, a C string of the application.  It
 * must stay valid as long as the callback is set; `free_userdata` may free
 * it.
 * `auth`: ignored, may be NULL.
 * `assertion`: receives the token.
 *
 * The library reads the variable again for each exchange, on the thread that
 * is in a call, or that dispatches.
 *
 * Returns MCP_OK; MCP_E_INVALID_ARGUMENT; MCP_E_AUTH if the variable is not
 * set.
 */
int32_t mcp_assertion_from_variable(void *userdata,
                                    mcp_auth *auth,
                                    mcp_assertion *assertion);

#ifdef __cplusplus
}
#endif

#endif /* MCPCLIENT_DRAFT_H */
