//! The names of `cubecl-llvm` that `cubecl-cuda` mentions, without LLVM behind them: the CUDA
//! backend can be told to compile its kernels as C++ (feature `cpp`, which `network` sets), and
//! then never calls what is here.

use cubecl_core::ir::nvidia::SmArch;
use cubecl_core::prelude::KernelDefinition;
use cubecl_server::compiler::CompilationError;
use cubecl_server::kernel::BufferIOAttr;
use nvptx::ptx_version::PtxVersion;

/// What the compiler would compile for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LlvmTarget {
    /// Cards of NVIDIA.
    Nvptx,
}

/// A compiler that compiles nothing.
#[derive(Clone, Debug)]
pub struct PlironCompiler {
    /// Its target.
    pub target: LlvmTarget,
}

/// Its options.
#[derive(Clone, Debug, Default)]
pub struct PlironOptions {
    /// Architecture of another target.
    pub arch: Option<()>,
    /// Architecture of a card.
    pub sm_arch: Option<SmArch>,
    /// Version of the assembly.
    pub ptx_version: Option<PtxVersion>,
    /// How parameters are passed.
    pub grid_constants: bool,
}

/// What it would make.
#[derive(Debug)]
#[non_exhaustive]
pub enum PlironArtifact {
    /// Assembly of a card.
    NvptxCode(NvptxModule),
}

/// Assembly of a card.
#[derive(Debug)]
pub struct NvptxModule {
    /// Assembly, with a zero at its end.
    pub ptx: Vec<core::ffi::c_char>,
    /// The function to call.
    pub entrypoint: String,
    /// For logs.
    pub ir: String,
    /// Bytes.
    pub shared_memory_size: usize,
    /// Which buffers are read and written.
    pub io: Vec<BufferIOAttr>,
}

impl PlironCompiler {
    /// Always an error.
    pub fn compile(
        &mut self,
        _: KernelDefinition,
        _: &PlironOptions,
    ) -> Result<PlironArtifact, CompilationError> {
        unimplemented!("built without LLVM: docs/gpu.md")
    }

    /// Its language.
    pub fn lang_tag(&self) -> &'static str {
        "none"
    }
}

/// Cards of NVIDIA.
pub mod nvptx {
    /// Versions of their assembly.
    pub mod ptx_version {
        /// A version, of which there is none.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum PtxVersion {}

        impl PtxVersion {
            /// None.
            pub fn for_driver(_: i32) -> Option<Self> {
                None
            }
        }

        impl core::fmt::Display for PtxVersion {
            fn fmt(&self, _: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match *self {}
            }
        }
    }
}

/// What targets share.
pub mod shared {
    /// Features that the compiler would take away.
    pub mod lowered_features {
        use cubecl_core::ir::DeviceProperties;

        /// A target.
        pub enum GpuTarget {
            /// Cards of NVIDIA.
            Nvptx,
        }

        /// Takes nothing away.
        pub fn restrict_features(_: &mut DeviceProperties, _: GpuTarget) {}
    }
}
