import Glibc

/// renameat2(2) with `RENAME_EXCHANGE`: exchanges two names in one step; returns false if one does not exist.
package func exchange(_ one: String, _ other: String) -> Bool {
    guard let call = renameat2 else { return false }
    return call(AT_FDCWD, one, AT_FDCWD, other, 2) == 0
}

/// <stdio.h> declares it only for _GNU_SOURCE.
private let renameat2: (@convention(c) (Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>, UInt32) -> Int32)? =
    dlsym(
        nil, "renameat2"
    ).map {
        unsafeBitCast(
            $0, to: (@convention(c) (Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>, UInt32) -> Int32).self)
    }
