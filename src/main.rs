use std::process::ExitCode;

/// A call is made of many small allocations, which the allocator of the C library (musl's above all) is slow at:
/// docs/benchmarks.md.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    mrkspec::cli::main()
}
