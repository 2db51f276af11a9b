// Declarations that `import Glibc` does not provide, and code that must be C:
// - openat2(2) has no glibc wrapper, and eventfd(2), explicit_bzero(3) and mallopt(3) are not in Glibc's module map;
// - prctl(2) and syscall(2) are variadic, so Swift cannot call them;
// - a signal handler may only do what signal-safety(7) lists, which Swift code does not guarantee;
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

/// openat2(2). Returns a descriptor, or -1 with errno.
static inline int linux_openat2(int directory, const char *path, uint64_t flags, uint64_t resolve) {
    struct open_how how = {.flags = flags, .mode = 0, .resolve = resolve};
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof(how));
}

/// Macros of <linux/openat2.h>, with the type that the kernel uses.
static const uint64_t linux_resolve_beneath = RESOLVE_BENEATH;
static const uint64_t linux_resolve_no_magiclinks = RESOLVE_NO_MAGICLINKS;
/// O_PATH, which <fcntl.h> defines only with _GNU_SOURCE.
static const int linux_o_path = __O_PATH;

/// The name of an entry that readdir(3) returned. Valid as long as the entry.
static inline const char *linux_entry_name(const struct dirent *entry) { return entry->d_name; }

/// Returns 1 if the open file is a mount point itself, as a file mounted with `subPath` is; 0 if it is not, or if the
/// kernel does not report it (STATX_ATTR_MOUNT_ROOT: statx(2), Linux 5.8).
static inline int linux_is_mount_root(int descriptor) {
#ifdef STATX_ATTR_MOUNT_ROOT
    struct statx status;
    const int empty_path = 0x1000; // AT_EMPTY_PATH, which <fcntl.h> defines only with _GNU_SOURCE
    if (syscall(SYS_statx, descriptor, "", empty_path, STATX_NLINK, &status) != 0) return 0;
    return (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
#else
    (void)descriptor;
    return 0;
#endif
}

/// Names the calling thread. The kernel keeps 15 bytes. prctl(2) is variadic.
static inline void linux_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

/// Disables core dumps of this process, and ptrace(2) and /proc/PID/mem for all users but root (prctl(2),
/// PR_SET_DUMPABLE).
static inline int linux_forbid_dumps(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

/// The descriptor that the handler below writes the signal's number to. Set before the first handler is installed.
static volatile sig_atomic_t linux_signal_pipe = -1;

static void linux_forward_signal(int number) {
    int saved = errno;
    unsigned char byte = (unsigned char)number;
    ssize_t written = write(linux_signal_pipe, &byte, 1);
    (void)written; // A full pipe drops the signal; the reader has signals to process.
    errno = saved;
}

/// Makes the signal write one byte to `pipe`, a non-blocking descriptor. Returns -1 with errno on failure.
static inline int linux_forward_signal_to(int number, int pipe) {
    struct sigaction action;
    memset(&action, 0, sizeof(action));
    linux_signal_pipe = pipe;
    action.sa_handler = linux_forward_signal;
    action.sa_flags = SA_RESTART;
    sigfillset(&action.sa_mask);
    return sigaction(number, &action, NULL);
}

/// Flushes standard output. Returns 0 if everything has been written, otherwise an error number (EIO: an earlier write
/// failed). Here because Swift rejects the global variable `stdout` as unsafe.
static inline int linux_flush_output(void) {
    if (fflush(stdout) != 0) return errno;
    return ferror(stdout) ? EIO : 0;
}

/// Restores the default action.
static inline int linux_default_signal(int number) {
    return signal(number, SIG_DFL) == SIG_ERR ? -1 : 0;
}

/// Ignores the signal, also in programs that this process starts.
static inline int linux_ignore_signal(int number) {
    return signal(number, SIG_IGN) == SIG_ERR ? -1 : 0;
}
