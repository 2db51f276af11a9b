# shellcheck shell=bash
# Functions for the tools here: unpack packages of a Debian release on any Debian or Ubuntu, without installing them.
#
# The caller's name is in $0. The caller provides a folder $work, and removes it.

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() { say "$*"; exit 1; }
as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi; }

keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# Installs packages on the machine. apt's children must not inherit the lock that callers hold as descriptor 9.
need() {
    say "installing $*"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq >&2 9>&-
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2 9>&- ||
        die "cannot install $*"
}

# Writes apt's sources for release $1, with types deb and deb-src, to folder $2: the machine's own mirrors if it is a
# Debian, without third-party repositories; otherwise Debian's.
debian_sources() {
    local release=$1 folder=$2 file source
    mkdir -p "$folder/sources.d"
    : >"$folder/sources.list"
    # shellcheck source=/dev/null
    . /etc/os-release
    if [ "${ID:-}" = debian ] && [ -n "${VERSION_CODENAME:-}" ]; then
        for file in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
            case $file in
            *.list)
                [ ! -e "$file" ] || sed -n "s/\b$VERSION_CODENAME\b/$release/g; s/^deb \(.*debian.*\)/deb \1\ndeb-src \1/p" \
                    "$file" >>"$folder/sources.list"
                ;;
            *.sources)
                if grep -q debian-archive-keyring "$file"; then
                    sed "s/^Types:.*/Types: deb deb-src/; s/\b$VERSION_CODENAME\b/$release/g" "$file" \
                        >"$folder/sources.d/${file##*/}"
                fi
                ;;
            esac
        done
    fi
    # sid has neither updates nor security archives.
    if [ "$release" = sid ]; then
        sed -i '/sid-/d' "$folder/sources.list"
        for file in "$folder/sources.d"/*; do
            if [ -e "$file" ]; then
                awk -v RS= -v ORS='\n\n' '!/sid-security/ { sub(/ sid-updates/, ""); print }' "$file" >"$folder/kept"
                mv "$folder/kept" "$file"
            fi
        done
    fi
    if ! grep -rq "$release" "$folder/sources.list" "$folder/sources.d"; then
        for source in debian/"$release" debian-security/"$release"-security; do
            [ "$source" != debian-security/sid-security ] || continue
            printf '%s [signed-by=%s] http://deb.debian.org/%s %s main\n' \
                deb "$keyring" "${source%/*}" "${source#*/}" deb-src "$keyring" "${source%/*}" "${source#*/}"
        done >"$folder/sources.list"
    fi
}

# Runs apt-get for release $1, with separate lists, caches and package state: it needs no root, and changes nothing on the
# machine. It uses the machine's proxies.
apt_of() {
    local release=$1 folder=$work/apt-$1
    shift
    if [ ! -e "$folder/status" ]; then
        mkdir -p "$folder/lists/partial" "$folder/cache/archives/partial"
        debian_sources "$release" "$folder"
        : >"$folder/status"
    fi
    apt-get -o "Dir::Etc::SourceList=$folder/sources.list" -o "Dir::Etc::SourceParts=$folder/sources.d" \
        -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null -o APT::Default-Release= \
        -o "Dir::State::Lists=$folder/lists" -o "Dir::State::status=$folder/status" -o "Dir::Cache=$folder/cache" \
        -o APT::Sandbox::User=root -qq "$@" 9>&-
}

# The mirror of release $1.
mirror_of() {
    # shellcheck disable=SC2016
    apt_of "$1" update >&2 &&
        apt_of "$1" indextargets --format '$(CODENAME) $(REPO_URI)' | sed -n "s/^$1 //p" | sed -n 1p
}
