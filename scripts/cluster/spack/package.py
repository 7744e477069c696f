# kith for Spack. From a checkout, in a package repository of your own:
#
#   spack repo create ~/kith-spack && mkdir ~/kith-spack/packages/kith
#   cp scripts/cluster/spack/package.py ~/kith-spack/packages/kith/
#   spack repo add ~/kith-spack
#   spack dev-build --source-path "$PWD" kith@main            # or: kith@main +mpi
from spack.package import *


class Kith(MakefilePackage):
    """Discrete-event microsimulation of families in children's services."""

    license("MIT")

    # The sources are those of the checkout given to dev-build; a site that mirrors kith adds its url or git here.
    version("main")

    variant("mpi", default=False, description="one run over many nodes with MPI")

    depends_on("c", type="build")
    depends_on("gmake", type="build")
    depends_on("pkgconfig", type="build")
    depends_on("libyaml")
    depends_on("hdf5 +hl")
    depends_on("isa-l")
    depends_on("openssl")
    depends_on("mpi", when="+mpi")

    @property
    def build_targets(self):
        return ["MPI=1", "all"] if self.spec.satisfies("+mpi") else ["all"]

    @property
    def install_targets(self):
        targets = [f"PREFIX={self.prefix}", "install"]
        return ["MPI=1"] + targets if self.spec.satisfies("+mpi") else targets

    def setup_build_environment(self, env):
        # Where hdf5.pc is not known to pkg-config, compiler and linker still find the library.
        env.append_flags("CPPFLAGS", self.spec["hdf5"].headers.include_flags)
        env.append_flags("LDFLAGS", self.spec["hdf5"].libs.search_flags)
