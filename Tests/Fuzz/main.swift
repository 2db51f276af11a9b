// libFuzzer over one target: `FUZZ_TARGET=yaml fuzz [libFuzzer's flags] [corpus]`, see Tests/Tools/fuzz.
// Given by the environment, because libFuzzer starts itself anew with its own arguments.

/// In libFuzzer's library, which has a `main` of its own for those that have none.
@_silgen_name("LLVMFuzzerRunDriver")
func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ tryInput: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

// Before libFuzzer begins: without a target there is nothing to try.
_ = Fuzz.chosen
var count = CommandLine.argc
var arguments = CommandLine.unsafeArgv
_ = runDriver(&count, &arguments) { bytes, count in
    Fuzz.chosen(Array(UnsafeBufferPointer(start: bytes, count: count)))
    return 0
}
