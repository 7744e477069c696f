#!/bin/sh
# The recipes of scripts/cluster for machines that are not here (conda, Spack, Apptainer): that they can be read, and name
# what scripts/setup.sh knows kith to need. The job scripts, too, are read.
# shellcheck disable=SC1091,SC2154 # lib/common.sh
set -u
. "$(dirname "$0")/lib/common.sh"
cd "$ROOT/scripts/cluster" || exit 1

# pieces COLUMN LEVEL: packages in scripts/setup.sh's table for `run`; columns: 4 apt, 6 conda
pieces()
{
    sed -n "/^pieces='/,/^'/p" "$ROOT/scripts/setup.sh" |
        awk -v column="$1" -v level="$2" '$2 == "run" && $3 ~ level { print $column }' | tr ',' '\n' | grep -v '^-$' | sort -u
}

for script in *.sh; do
    case $(head -n 1 "$script") in
        *bash) shell="bash" ;;
        *) shell="sh" ;;
    esac
    command -v $shell > /dev/null 2>&1 || continue
    $shell -n "$script" > "$work/log" 2>&1 || die "$script" "$work/log"
done

# ---- conda
[ "$(pieces 6 . | wc -l)" -gt 5 ] || die "scripts/setup.sh has another table than this test knows"
sed -n 's/^  - \([a-z0-9-]*\)\( #.*\)*$/\1/p' environment.yml | grep -v conda-forge | sort -u > "$work/found"
pieces 6 . > "$work/wanted"
cmp -s "$work/found" "$work/wanted" || die "environment.yml has other packages than scripts/setup.sh" "$work/found" "$work/wanted"
say "environment.yml: $(wc -l < "$work/found") packages, those of setup.sh"

# ---- Apptainer: known sections, each once; %post is shell and installs what setup.sh would; its files are there
grep '^%' kith.def | sort > "$work/sections"
[ -z "$(uniq -d "$work/sections")" ] || die "kith.def: a section twice" "$work/sections"
if grep -vxE '%(files|post|environment|runscript|test|labels|help|setup|startscript|arguments)' "$work/sections"; then
    die "kith.def: an unknown section"
fi
[ "$(grep -cE '^(Bootstrap|From): ' kith.def)" -eq 2 ] || die "kith.def: no base"
section()
{
    awk -v name="%$1" '/^%/ { on = $0 == name; next } on' kith.def
}
for name in post environment runscript test; do
    section $name > "$work/$name"
    sh -n "$work/$name" 2> "$work/log" || die "kith.def, %$name" "$work/log"
done
for package in $(pieces 4 required); do
    grep -qwe "$package" "$work/post" || die "kith.def does not install $package"
done
section files | while read -r from _; do
    [ -z "$from" ] || [ -e "$ROOT/$from" ] || die "kith.def copies $from, which is not there"
done || exit 1
say "kith.def: $(wc -l < "$work/sections") sections"

# ---- Spack
for library in libyaml hdf5 isa-l openssl; do
    grep -q "depends_on(\"$library" spack/package.py || die "spack/package.py does not depend on $library"
done
if python=$(sh "$ROOT/scripts/python.sh"); then
    "$python" -c 'import ast, sys; ast.parse(open(sys.argv[1]).read())' spack/package.py > "$work/log" 2>&1 || die "spack/package.py" "$work/log"
    say "spack/package.py: python reads it"
fi
echo "read, not run: environment.yml, kith.def, spack/package.py"
