#!/usr/bin/env bash
# usage: headless.sh COMMAND...   runs COMMAND inside a private X display and a private D-Bus session
set -euo pipefail

dir=$(mktemp -d)
# Of its own as well: the tray's pictures and the session's services go there.
export XDG_RUNTIME_DIR="$dir/runtime"
mkdir -m 700 "$XDG_RUNTIME_DIR"
exec 6>"$dir/display"
Xvfb -displayfd 6 -screen 0 "${SCREEN:-1280x800x24}" -nolisten tcp >"$dir/xvfb.log" 2>&1 &
xvfb=$!
trap 'kill "$xvfb" 2>/dev/null || true; wait "$xvfb" 2>/dev/null || true; rm -rf "$dir"' EXIT
for _ in $(seq 100); do
    [ -s "$dir/display" ] && break
    sleep 0.1
done
if [ ! -s "$dir/display" ]; then
    cat "$dir/xvfb.log" >&2
    exit 1
fi
DISPLAY=":$(cat "$dir/display")"
export DISPLAY
unset WAYLAND_DISPLAY
export GDK_BACKEND=x11 NO_AT_BRIDGE=1
dbus-run-session -- "$@"
