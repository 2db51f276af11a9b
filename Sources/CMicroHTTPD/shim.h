// libmicrohttpd. MHD_start_daemon, MHD_get_daemon_info and MHD_get_connection_info are variadic, so Swift cannot call
// them.
#pragma once
#include <microhttpd.h>

// MHD_OPTION_URI_LOG_CALLBACK: the functions below receive the returned pointer as the request's own.
typedef void *(*mhd_begin_function)(void *context, const char *target, struct MHD_Connection *connection);

struct mhd_functions {
    mhd_begin_function begin;
    MHD_AccessHandlerCallback handle;
    MHD_RequestCompletedCallback complete;
    MHD_NotifyConnectionCallback connection;
};

// Creates a server without threads that MHD_run drives. It takes ownership of the listening socket. Returns NULL if
// memory or descriptors are exhausted.
static inline struct MHD_Daemon *mhd_start(
    int listener, unsigned int connections, size_t memory, struct mhd_functions functions, void *context) {
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, functions.handle, context,
        MHD_OPTION_LISTEN_SOCKET, (MHD_socket)listener,
        MHD_OPTION_CONNECTION_LIMIT, connections,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, memory,
        MHD_OPTION_URI_LOG_CALLBACK, functions.begin, context,
        MHD_OPTION_NOTIFY_COMPLETED, functions.complete, context,
        MHD_OPTION_NOTIFY_CONNECTION, functions.connection, context,
        MHD_OPTION_END);
}

// The descriptor for poll(2): readable when MHD_run has work.
static inline int mhd_descriptor(struct MHD_Daemon *daemon) {
    return MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

static inline int mhd_socket(struct MHD_Connection *connection) {
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

// How Swift imports these enumerations depends on the version of the header, so the needed values are defined here.
static const enum MHD_Result mhd_yes = MHD_YES;
static const enum MHD_Result mhd_no = MHD_NO;

static inline int mhd_is_start(enum MHD_ConnectionNotificationCode code) {
    return code == MHD_CONNECTION_NOTIFY_STARTED;
}

// The time in milliseconds after which MHD_run has work even if no descriptor is ready; -1 means never.
static inline int mhd_timeout(struct MHD_Daemon *daemon) {
    MHD_UNSIGNED_LONG_LONG timeout;
    if (MHD_get_timeout(daemon, &timeout) != MHD_YES) return -1;
    return timeout < 60000 ? (int)timeout : 60000;
}

// The value of a request header, or NULL.
static inline const char *mhd_header(struct MHD_Connection *connection, const char *name) {
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

// Creates a response with a copy of the body.
static inline struct MHD_Response *mhd_response(const void *body, size_t size) {
    return MHD_create_response_from_buffer(size, (void *)body, MHD_RESPMEM_MUST_COPY);
}
