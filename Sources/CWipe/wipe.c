// In the place of glibc's free(3) and realloc(3): what is freed is wiped first.
//
// Secrets pass through memory that is not ours to wipe: buffers of libcurl, nghttp2 and libcrypto, strings, arrays and
// JSON documents of Swift. All of it comes from malloc(3), so wiping what is freed reaches every copy. It takes C because
// the symbols that a program defines come before those of its libraries (ld.so(8)). mallopt(3)'s M_PERTURB would do the
// same, were it not that glibc's caches of each thread pass it by.
//
// A sanitizer has an allocator of its own, whose functions must stay in place.
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

// glibc's own would leave the old place as it is when it moves the content.
__attribute__((visibility("default"))) void *realloc(void *memory, size_t size) {
    if (memory == NULL) return malloc(size);
    if (size == 0) {
        free(memory);
        return NULL;
    }
    size_t held = malloc_usable_size(memory);
    if (size <= held && size >= held / 2) return memory;
    // With room to grow, or who grows step by step would have all of it copied and wiped at each.
    size_t room = size > held ? held + held / 4 : 0;
    void *moved = malloc(size > room ? size : room);
    if (moved == NULL) return NULL;
    memcpy(moved, memory, size < held ? size : held);
    free(memory);
    return moved;
}

#endif
