#!/bin/sh
# Finds out what is missing to build, run or test kith, and installs it where it may.
#
# usage: scripts/setup.sh [--dry-run] [run | test | bench]
#
#   run     build and run; python with h5py, pandas and matplotlib for the pictures (kith does without)
#   test    also what the tests use; those of missing optional pieces are skipped, loudly
#   bench   build and measure; beside engines that packages provide
#
# Knows conda and mamba (in an active environment other than base), apt, dnf and Homebrew. It installs as root, with a
# sudo that asks for no password, or where no root is needed; else it prints what to type. --dry-run only shows what it
# would install.
# Exit code: 0 all that is required is there, 1 something required is missing.
set -u

dry=
[ "${1-}" = --dry-run ] && dry=1 && shift
what=${1-run}
case $what in
    run | test | bench) ;;
    *) echo "usage: scripts/setup.sh [--dry-run] [run | test | bench]" >&2; exit 2 ;;
esac

root=$(cd "$(dirname "$0")/.." && pwd) || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

# Each piece: name, for what, whether required, and its packages for apt, dnf, conda and Homebrew ("-": none known).
# In the list for apt, a|b stands for the first of them that exists.
pieces='
compiler   run  required gcc,libc6-dev                  gcc                   c-compiler      gcc
make       run  required make                           make                  make            make
pkg-config run  required pkg-config                     pkgconf-pkg-config    pkg-config      pkgconf
libyaml    run  required libyaml-dev                    libyaml-devel         yaml            libyaml
HDF5       run  required libhdf5-dev                    hdf5-devel            hdf5            hdf5
ISA-L      run  required libisal-dev                    isa-l-devel           isa-l           isa-l
libcrypto  run  required libssl-dev                     openssl-devel         openssl         openssl@3
OpenMP     run  required gcc                            libgomp               c-compiler      gcc
h5py       run  optional python3-h5py                   python3-h5py          h5py            -
pandas     run  optional python3-pandas                 python3-pandas        pandas          -
matplotlib run  optional python3-matplotlib             python3-matplotlib    matplotlib-base python-matplotlib
cmocka     test required libcmocka-dev                  libcmocka-devel       cmocka          cmocka
gsl        test required libgsl-dev                     gsl-devel             gsl             gsl
numpy      test optional python3-numpy                  python3-numpy         numpy           numpy
scipy      test optional python3-scipy                  python3-scipy         scipy           scipy
xarray     test optional python3-xarray                 python3-xarray        xarray          -
netCDF4    test optional python3-netcdf4                python3-netcdf4       netcdf4         -
R          test optional r-base-core                    R-core                r-base          r
R-hdf5     test optional r-cran-hdf5r|r-bioc-rhdf5      -                     r-hdf5r         -
R-msm      test optional r-cran-msm                     -                     r-msm           -
clang      test optional clang                          clang                 clang           llvm
clang-omp  test optional libomp-@-dev|libomp-dev        libomp-devel          llvm-openmp     libomp
clang-san  test optional libclang-rt-@-dev              compiler-rt           compiler-rt     llvm
valgrind   test optional valgrind                       valgrind              valgrind        -
MPI        test optional openmpi-bin,libopenmpi-dev     openmpi,openmpi-devel openmpi         open-mpi
parallel   test optional parallel                       parallel              parallel        parallel
slurm      test optional slurm-wlm                      slurm-slurmctld,slurm-slurmd,slurm -  -
simpy      bench optional python3-simpy3                python3-simpy         simpy           -
'

# ---- what is there

compiler()
{
    if [ -n "${CC-}" ]; then echo "$CC"
    elif command -v gcc > /dev/null 2>&1; then echo gcc
    else echo cc
    fi
}

# The flags that the Makefile uses for a library; nothing if pkg-config does not know it.
flags_of()
{
    config=${PKG_CONFIG-pkg-config}
    case $1 in
        libyaml) $config --cflags --libs yaml-0.1 || echo -lyaml ;;
        HDF5)
            for name in hdf5 hdf5-serial; do
                $config --exists $name && $config --cflags --libs-only-L $name && break
            done
            echo -lhdf5_hl -lhdf5 ;;
        ISA-L) echo -lisal ;;
        libcrypto) $config --cflags --libs libcrypto || echo -lcrypto ;;
        OpenMP) echo -fopenmp ;;
        cmocka | gsl) $config --cflags --libs "$1" || echo "-l$1" ;;
    esac 2> /dev/null | tr '\n' ' '
}

includes_of()
{
    case $1 in
        libyaml) echo '#include <yaml.h>' ;;
        HDF5) printf '#include <hdf5.h>\n#include <hdf5_hl.h>\n' ;;
        ISA-L) echo '#include <isa-l.h>' ;;
        libcrypto) echo '#include <openssl/evp.h>' ;;
        OpenMP) echo '#include <omp.h>' ;;
        cmocka) printf '#include <stdarg.h>\n#include <stddef.h>\n#include <stdint.h>\n#include <setjmp.h>\n#include <cmocka.h>\n' ;;
        gsl) echo '#include <gsl/gsl_cdf.h>' ;;
    esac
}

# An expression that is true if the library works.
call_of()
{
    case $1 in
        libyaml) echo '*yaml_get_version_string()' ;;
        HDF5) echo 'H5open() >= 0 && H5DSis_scale(-1) <= 0' ;;
        ISA-L) echo 'crc32_gzip_refl(0, 0, 0) == 0' ;;
        libcrypto) echo 'EVP_sha256() != 0' ;;
        OpenMP) echo 'omp_get_max_threads() > 0' ;;
        cmocka) echo 'cmocka_set_message_output != 0' ;;
        gsl) echo 'gsl_cdf_ugaussian_P(0) > 0.4' ;;
        *) echo 1 ;;
    esac
}

# Whether a program with these libraries can be compiled, linked and run: linking alone would miss a library that is
# not found when the program starts.
works()
{
    flags=
    for piece in "$@"; do
        includes_of "$piece"
        flags="$flags $(flags_of "$piece")"
    done > "$work/try.c"
    {
        printf 'int main(void)\n{\n    return !(1'
        for piece in "$@"; do printf ' && (%s)' "$(call_of "$piece")"; done
        printf ');\n}\n'
    } >> "$work/try.c"
    # shellcheck disable=SC2046,SC2086 # these are lists of words
    $(compiler) -std=c11 -D_POSIX_C_SOURCE=200809L ${CPPFLAGS-} ${CFLAGS-} -o "$work/try" "$work/try.c" \
        ${LDFLAGS-} $flags -lm > /dev/null 2>&1 < /dev/null && "$work/try" > /dev/null 2>&1
}

has_modules()
{
    sh "$root/scripts/python.sh" --quick "$@" > /dev/null
}

has_r()
{
    command -v Rscript > /dev/null 2>&1 || return 1
    [ $# -eq 0 ] && return 0
    Rscript --vanilla -e 'quit(status = !any(nzchar(sapply(commandArgs(TRUE), function(p) system.file(package = p)))))' \
        "$@" > /dev/null 2>&1 < /dev/null
}

# Whether clang itself knows where the file is.
clang_has()
{
    command -v clang > /dev/null 2>&1 || return 1
    case $(clang -print-file-name="$1" 2> /dev/null) in
        */*) return 0 ;;
    esac
    [ -e "$(clang -print-resource-dir 2> /dev/null)/../../$1" ]
}

clang_major()
{
    clang -dumpversion 2> /dev/null | sed 's/\..*//'
}

has()
{
    case $1 in
        compiler) works ;;
        make) command -v make > /dev/null 2>&1 ;;
        pkg-config) command -v "${PKG_CONFIG-pkg-config}" > /dev/null 2>&1 ;;
        h5py | pandas | matplotlib | numpy | scipy | xarray | netCDF4 | simpy) has_modules "$1" ;;
        R) has_r ;;
        R-hdf5) has_r hdf5r rhdf5 ;;
        R-msm) has_r msm ;;
        clang) command -v clang > /dev/null 2>&1 ;;
        clang-omp) clang_has libomp.so || clang_has libomp.dylib ;;
        clang-san)
            command -v clang > /dev/null 2>&1 &&
                [ -n "$(find "$(clang -print-resource-dir)/lib" -name '*tsan*' 2> /dev/null | head -n 1)" ] ;;
        valgrind | parallel) command -v "$1" > /dev/null 2>&1 ;;
        MPI) command -v mpicc > /dev/null 2>&1 && command -v mpirun > /dev/null 2>&1 ;;
        slurm)
            PATH=$PATH:/usr/sbin command -v slurmctld > /dev/null 2>&1 &&
                PATH=$PATH:/usr/sbin command -v slurmd > /dev/null 2>&1 && command -v srun > /dev/null 2>&1 ;;
        *) works "$1" ;;
    esac
}

wanted()
{
    [ "$1" = run ] || [ "$1" = "$what" ]
}

# Sets missing_required and missing_optional. The usual case, nothing missing, is told by a few tries for all pieces
# together; only if one of those fails is each of its pieces looked at. Looked for together, too, python modules must
# all be in one python.
look()
{
    hash -r
    libraries='libyaml HDF5 ISA-L libcrypto OpenMP'
    modules='h5py pandas matplotlib'
    if [ "$what" = test ]; then
        libraries="$libraries cmocka gsl"
        modules="$modules numpy scipy xarray netCDF4"
    fi
    known=' '
    # shellcheck disable=SC2086
    has make && has pkg-config && works $libraries && known=" compiler make pkg-config $libraries "
    # shellcheck disable=SC2086
    has_modules $modules && known="$known$modules "
    missing_required=
    missing_optional=
    while read -r name for level rest; do
        [ -n "$name" ] || continue
        wanted "$for" || continue
        case $known in *" $name "*) continue ;; esac
        has "$name" && continue
        if [ "$level" = required ]; then missing_required="$missing_required $name"
        else missing_optional="$missing_optional $name"
        fi
    done << END
$pieces
END
}

# ---- where to get it

# packages MANAGER PIECE...: the packages that the pieces come in, each once
packages()
{
    manager=$1
    shift
    for piece in "$@"; do
        echo "$pieces" | while read -r name _ _ apt dnf conda brew; do
            [ "$name" = "$piece" ] || continue
            case $manager in
                apt) echo "$apt" ;;
                dnf) echo "$dnf" ;;
                conda) echo "$conda" ;;
                brew) echo "$brew" ;;
            esac
        done
    done | tr ',' '\n' | grep -v '^-$' | awk '!seen[$0]++'
}

# Whether apt has a package that can be installed.
apt_knows()
{
    apt-cache policy "$1" 2> /dev/null | grep -q 'Candidate: [^(]'
}

# Resolves a|b and libx-@-dev in a list of Debian's packages. The version is that of clang, of the one that would be
# installed if there is none.
apt_resolve()
{
    version=$(clang_major)
    [ -n "$version" ] || version=$(apt-cache depends clang 2> /dev/null | sed -n 's/.*Depends: clang-\([0-9]*\)$/\1/p' | head -n 1)
    for choice in "$@"; do
        for package in $(echo "$choice" | tr '|' ' ' | sed "s/@/$version/g"); do
            apt_knows "$package" && echo "$package" && break
        done
    done
}

find_manager()
{
    manager=none
    conda_tool=
    for tool in micromamba mamba conda; do
        command -v $tool > /dev/null 2>&1 && conda_tool=$tool && break
    done
    if [ -n "$conda_tool" ] && [ -n "${CONDA_PREFIX-}" ] && [ "${CONDA_DEFAULT_ENV-base}" != base ]; then
        manager=conda
    elif command -v apt-get > /dev/null 2>&1; then manager=apt
    elif command -v dnf > /dev/null 2>&1; then manager=dnf
    elif command -v brew > /dev/null 2>&1; then manager=brew
    fi
    # How to become root: nothing, "sudo -n", or "no".
    as_root=
    if [ "$(id -u)" -ne 0 ]; then
        as_root=no
        command -v sudo > /dev/null 2>&1 && sudo -n true > /dev/null 2>&1 && as_root='sudo -n'
    fi
    case $manager in conda | brew) as_root= ;; esac
}

say()
{
    echo "kith setup: $*"
}

run()
{
    say "running: $*"
    [ -n "$dry" ] || "$@" < /dev/null
}

apt_get()
{
    # shellcheck disable=SC2086
    run $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y "$@"
}

# install PACKAGE...: one command
# shellcheck disable=SC2086
install()
{
    case $manager in
        apt)
            apt_get install --no-install-recommends "$@" && return 0
            # Package lists that are out of date name files that are gone.
            [ -n "$updated" ] && return 1
            updated=1
            apt_get update && apt_get install --no-install-recommends "$@" ;;
        dnf) run $as_root dnf install -y "$@" ;;
        conda) run "$conda_tool" install -y -c conda-forge "$@" ;;
        brew) run brew install "$@" ;;
    esac
}

# install_pieces PIECE...: all at once; if that fails, one by one, so that one bad package does not keep the others out
install_pieces()
{
    list=$(packages "$manager" "$@")
    if [ "$manager" = apt ]; then
        # shellcheck disable=SC2086
        if [ -z "$updated" ] && [ "$(apt_resolve $list | wc -l)" -lt "$(echo "$list" | wc -l)" ]; then
            updated=1
            apt_get update
        fi
        # shellcheck disable=SC2086
        list=$(apt_resolve $list)
    fi
    [ -n "$list" ] || return 0
    # shellcheck disable=SC2086
    install $list && return 0
    for package in $list; do
        install "$package" || say "could not install $package"
    done
}

# The command for an administrator, in full.
administrator_command()
{
    # shellcheck disable=SC2046,SC2086
    case $manager in
        apt)
            set -- $(apt_resolve $(packages apt $1))
            echo "apt-get update && apt-get install --no-install-recommends $*" ;;
        dnf) set -- $(packages dnf $1); echo "dnf install $*" ;;
        *) echo "with the package manager of your system:$1" ;;
    esac
}

# Everything for this purpose, for a fresh conda environment.
conda_command()
{
    names=$(echo "$pieces" | while read -r name for _; do
        [ -n "$name" ] && wanted "$for" && echo "$name"
    done)
    # shellcheck disable=SC2046,SC2086
    set -- $(packages conda $names)
    echo "${conda_tool:-conda} create -n kith -c conda-forge $*"
}

explain_without_root()
{
    if [ "$manager" = none ]; then say "found none of apt, dnf, Homebrew or an active conda environment. Either install by hand:"
    else say "there is no way to become root here without a password. Either ask an administrator for:"
    fi
    echo
    echo "    $(administrator_command "$1")"
    echo
    say "or do without root, with conda, mamba or micromamba${conda_tool:+ ($conda_tool is here)}:"
    echo
    echo "    $(conda_command)"
    echo "    ${conda_tool:-conda} activate kith"
    echo "    make $what"
    echo
}

# ---- the work

updated=
look
if [ -z "$missing_required$missing_optional" ]; then
    say "nothing is missing for '$what'"
    exit 0
fi
find_manager
all="$missing_required $missing_optional"
[ -n "$missing_required" ] && say "missing, required:$missing_required"
[ -n "$missing_optional" ] && say "missing, optional:$missing_optional"
if [ "$manager" = none ] || [ "$as_root" = no ]; then
    explain_without_root "$all"
else
    say "will install these with $manager${as_root:+ as root}${dry:+ (only shown: --dry-run)}"
    # shellcheck disable=SC2086
    [ -n "$missing_required" ] && install_pieces $missing_required
    # Only now is it known which clang there is, which its run-time libraries have to match.
    case "$missing_optional " in *" clang "*) install_pieces clang ;; esac
    # shellcheck disable=SC2086
    [ -n "$missing_optional" ] && install_pieces $missing_optional
    [ -n "$dry" ] && exit 0
    look
fi

if [ -n "$missing_optional" ]; then
    say "WARNING: still missing, optional:$missing_optional; what needs them will be skipped"
fi
if [ "$manager" = brew ]; then
    case $missing_optional in
        *h5py* | *pandas*)
            say "for the python modules: python3 -m venv ~/kith-python && ~/kith-python/bin/pip install h5py pandas matplotlib"
            say "then: export KITH_PYTHON=~/kith-python/bin/python3" ;;
    esac
fi
[ -n "$missing_required" ] || exit 0
say "ERROR: still missing, required:$missing_required"
case $manager in
    conda)
        say "a compiler that was installed just now is set up when the environment is activated again:"
        say "'$conda_tool deactivate', '$conda_tool activate ${CONDA_DEFAULT_ENV-}', then make again" ;;
    brew)
        say "Apple's compiler has no OpenMP: name Homebrew's, and where OpenSSL is, for example"
        say "PKG_CONFIG_PATH=\"\$(brew --prefix openssl@3)/lib/pkgconfig\" CPPFLAGS=\"-I\$(brew --prefix)/include\" LDFLAGS=\"-L\$(brew --prefix)/lib\" make CC=gcc-14 $what" ;;
esac
exit 1
