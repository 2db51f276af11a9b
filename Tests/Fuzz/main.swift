// Runs libFuzzer with one target: `FUZZ_TARGET=yaml fuzz [libFuzzer's flags] [corpus]`, see Tests/Tools/fuzz. The
// target is in the environment, because libFuzzer restarts itself with its own arguments.

/// Part of libFuzzer's library, which has its own `main` for programs without one.
@_silgen_name("LLVMFuzzerRunDriver")
func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ tryInput: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

// Before libFuzzer starts: without a target there is nothing to do.
_ = Fuzz.chosen
var count = CommandLine.argc
var arguments = CommandLine.unsafeArgv
_ = runDriver(&count, &arguments) { bytes, count in
    Fuzz.chosen(Array(UnsafeBufferPointer(start: bytes, count: count)))
    return 0
}
