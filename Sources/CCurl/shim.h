// libcurl. Swift cannot call the variadic curl_easy_setopt, curl_easy_getinfo and curl_multi_setopt, so there is one
// wrapper for each type of value (curl_easy_setopt(3) names the type of each option). Swift cannot import constants
// that are macros with casts either.
#pragma once
#include <curl/curl.h>

static inline CURLcode curl_set_long(CURL *easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode curl_set_size(CURL *easy, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(easy, option, value);
}

// Copied by libcurl.
static inline CURLcode curl_set_string(CURL *easy, CURLoption option, const char *value) {
    return curl_easy_setopt(easy, option, value);
}

// Not copied, except for CURLOPT_COPYPOSTFIELDS: the value must live as long as the transfer.
static inline CURLcode curl_set_pointer(CURL *easy, CURLoption option, const void *value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode curl_set_list(CURL *easy, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(easy, option, value);
}

// Copied by libcurl.
static inline CURLcode curl_set_blob(CURL *easy, CURLoption option, const void *data, size_t count) {
    struct curl_blob blob = {(void *)data, count, CURL_BLOB_COPY};
    return curl_easy_setopt(easy, option, &blob);
}

// For CURLOPT_WRITEFUNCTION and CURLOPT_HEADERFUNCTION.
typedef size_t (*curl_data_function)(char *data, size_t size, size_t count, void *context);

static inline CURLcode curl_set_data_function(CURL *easy, CURLoption option, curl_data_function function) {
    return curl_easy_setopt(easy, option, function);
}

typedef int (*curl_socket_function)(void *context, curl_socket_t socket, curlsocktype purpose);

static inline CURLcode curl_set_socket_function(CURL *easy, CURLoption option, curl_socket_function function) {
    return curl_easy_setopt(easy, option, function);
}

static inline CURLMcode curl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}

static inline CURLcode curl_get_long(CURL *easy, CURLINFO info, long *value) {
    return curl_easy_getinfo(easy, info, value);
}

// The result of a message whose `msg` is CURLMSG_DONE.
static inline CURLcode curl_message_result(const CURLMsg *message) {
    return message->data.result;
}

static const long curl_global_default = CURL_GLOBAL_DEFAULT;
static const long curl_http_version_2 = CURL_HTTP_VERSION_2_0;
static const long curl_http_version_2tls = CURL_HTTP_VERSION_2TLS;
static const long curl_http_version_1_1 = CURL_HTTP_VERSION_1_1;
static const long curl_pipe_multiplex = CURLPIPE_MULTIPLEX;
static const int curl_pause_none = CURLPAUSE_CONT;
