// What `import Glibc` does not bring: openat2(2) has no glibc wrapper, eventfd(2) and
// explicit_bzero(3) are not in Glibc's module map.
#pragma once
#include <string.h>
