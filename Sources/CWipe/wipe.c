// Replaces glibc's free(3) and realloc(3) with versions that wipe memory before they free it.
//
// Secrets pass through memory that our code cannot wipe: buffers of libcurl, nghttp2 and libcrypto, and Swift strings,
// arrays and JSON documents. All of it comes from malloc(3), so wiping on free reaches every copy. This must be C
// because symbols that the program defines take precedence over those of its libraries (ld.so(8)). mallopt(3)'s
// M_PERTURB is not enough, because glibc's per-thread caches bypass it.
//
// Sanitizers have their own allocator, whose functions must not be replaced.
#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)

#define _DEFAULT_SOURCE
#include <malloc.h>
#include <stddef.h>
#include <string.h>

extern void __libc_free(void *memory);

__attribute__((visibility("default"))) void free(void *memory) {
    if (memory == NULL) return;
    explicit_bzero(memory, malloc_usable_size(memory));
    __libc_free(memory);
}

// glibc's realloc would not wipe the old block when it moves the content.
__attribute__((visibility("default"))) void *realloc(void *memory, size_t size) {
    if (memory == NULL) return malloc(size);
    if (size == 0) {
        free(memory);
        return NULL;
    }
    size_t held = malloc_usable_size(memory);
    if (size <= held && size >= held / 2) return memory;
    // Leaves room to grow. Otherwise a buffer that grows in small steps would be copied and wiped at each step.
    size_t room = size > held ? held + held / 4 : 0;
    void *moved = malloc(size > room ? size : room);
    if (moved == NULL) return NULL;
    memcpy(moved, memory, size < held ? size : held);
    free(memory);
    return moved;
}

#endif
