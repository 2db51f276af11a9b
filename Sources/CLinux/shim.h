// What `import Glibc` does not bring, and what only C can say:
// - openat2(2) has no glibc wrapper, and eventfd(2), explicit_bzero(3) and mallopt(3) are not in Glibc's module map;
// - prctl(2) and syscall(2) are variadic, which Swift cannot call;
// - a signal handler may do only what signal-safety(7) lists, which Swift code does not promise;
// - `struct dirent` ends in a name that may be shorter than its declared array, so Swift must not copy it.
#pragma once
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/stat.h>
#include <malloc.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/// openat2(2): a descriptor, or -1 with errno.
static inline int linux_openat2(int directory, const char *path, uint64_t flags, uint64_t resolve) {
    struct open_how how = {.flags = flags, .mode = 0, .resolve = resolve};
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof(how));
}

/// Macros of <linux/openat2.h> with the kernel's type.
static const uint64_t linux_resolve_beneath = RESOLVE_BENEATH;
static const uint64_t linux_resolve_no_magiclinks = RESOLVE_NO_MAGICLINKS;
/// O_PATH, which <fcntl.h> shows only to _GNU_SOURCE.
static const int linux_o_path = __O_PATH;

/// The name of an entry that readdir(3) returned; valid as long as the entry.
static inline const char *linux_entry_name(const struct dirent *entry) { return entry->d_name; }

/// 1 if the open file is itself mounted (a file mounted by `subPath`), 0 if not or if the kernel does not say
/// (STATX_ATTR_MOUNT_ROOT: statx(2), Linux 5.8).
static inline int linux_is_mount_root(int descriptor) {
#ifdef STATX_ATTR_MOUNT_ROOT
    struct statx status;
    const int empty_path = 0x1000; // AT_EMPTY_PATH, which <fcntl.h> shows only to _GNU_SOURCE
    if (syscall(SYS_statx, descriptor, "", empty_path, STATX_NLINK, &status) != 0) return 0;
    return (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
#else
    (void)descriptor;
    return 0;
#endif
}

/// Names the calling thread; the kernel keeps 15 bytes (prctl(2), PR_SET_NAME, is variadic).
static inline void linux_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

/// No core dump of this process, and no ptrace(2) or reading of /proc/PID/mem but by root (prctl(2), PR_SET_DUMPABLE).
static inline int linux_forbid_dumps(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

/// Where the handler below writes the signal's number; set before the first handler is installed.
static volatile sig_atomic_t linux_signal_pipe = -1;

static void linux_forward_signal(int number) {
    int saved = errno;
    unsigned char byte = (unsigned char)number;
    ssize_t written = write(linux_signal_pipe, &byte, 1);
    (void)written; // full: the reader has enough of them already
    errno = saved;
}

/// From now on the signal becomes one byte in `pipe` (a non-blocking descriptor). -1 with errno on failure.
static inline int linux_forward_signal_to(int number, int pipe) {
    struct sigaction action;
    memset(&action, 0, sizeof(action));
    linux_signal_pipe = pipe;
    action.sa_handler = linux_forward_signal;
    action.sa_flags = SA_RESTART;
    sigfillset(&action.sa_mask);
    return sigaction(number, &action, NULL);
}

/// 0 if all that was printed has been written, else why not (EIO: it failed earlier). `stdout` is a variable, which
/// Swift does not take for safe.
static inline int linux_flush_output(void) {
    if (fflush(stdout) != 0) return errno;
    return ferror(stdout) ? EIO : 0;
}

/// Back to the default action.
static inline int linux_default_signal(int number) {
    return signal(number, SIG_DFL) == SIG_ERR ? -1 : 0;
}

/// Ignores the signal, also in programs that this one starts.
static inline int linux_ignore_signal(int number) {
    return signal(number, SIG_IGN) == SIG_ERR ? -1 : 0;
}
