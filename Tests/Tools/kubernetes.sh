# shellcheck shell=bash
# Functions for the tools here: build programs of Kubernetes from Debian bookworm's source package `kubernetes`, whose
# vendor tree is complete, with bookworm's Go 1.19.
#
# The caller sources debian.sh too, and provides the empty folder $work. Its $hint, if any, says what to do instead.

kubernetes=1.20.2

# Downloads the sources, Go and the Debian packages $@; unpacks the packages into $work/root, and changes to the sources.
kubernetes_sources() {
    local package
    # The vendored reflect2 1.0.1 calls the runtime's map iterator in the form of Go up to 1.17. With a newer Go it
    # corrupts memory, and the program crashes ("fatal error: fault") at a random time. 1.0.2 is the fix.
    say "fetching Go 1.19, reflect2 1.0.2, the source package kubernetes, and $*"
    # shellcheck disable=SC2154
    cd "$work" || exit
    if ! { apt_of bookworm update &&
        apt_of bookworm download golang-1.19-go golang-1.19-src golang-github-modern-go-reflect2-dev "$@" &&
        apt_of bookworm source kubernetes; } >&2; then
        die "cannot download Debian bookworm's packages${hint:+; $hint}"
    fi
    for package in ./*.deb; do dpkg-deb -x "$package" root; done

    export GOPATH=$work/go GO111MODULE=off GOCACHE=$work/gocache GOFLAGS='' CGO_ENABLED=0 GOTMPDIR=$work
    export GOROOT=$work/root/usr/lib/go-1.19 PATH=$work/root/usr/lib/go-1.19/bin:$PATH
    mkdir -p "$GOPATH/src/k8s.io"
    mv "$work"/kubernetes-*/ "$GOPATH/src/k8s.io/kubernetes"
    cd "$GOPATH/src/k8s.io/kubernetes" || exit
    rm -rf vendor/github.com/modern-go/reflect2
    cp -rL "$work/root/usr/share/gocode/src/github.com/modern-go/reflect2" vendor/github.com/modern-go/
}

# Builds the program $1 to $work/$1, with the flags ${@:2}.
kubernetes_build() {
    local program=$1 package=k8s.io/kubernetes/vendor/k8s.io/component-base/version
    shift
    say "building $program $kubernetes"
    go build "$@" -ldflags "-s -w -X $package.gitVersion=v$kubernetes -X $package.gitMajor=1 -X $package.gitMinor=20" \
        -o "$work/$program" "./cmd/$program" >&2
}
