#!/bin/sh
# Installs the real servers and the browser that the integration and end-to-end tests talk to: Debian's packages,
# when this is Debian or a relative of it and we are root or may use sudo without a password. Otherwise it says what is
# missing and which tests will therefore be skipped, and still exits 0: a skipped test names its reason.
#
# It starts nothing: the tests run their own processes, on loopback, with their own folders. Services that the
# packages would enable are disabled again, but only those that this very run has installed.
set -eu
PATH=$PATH:/usr/sbin:/sbin

has_cjk_font() {
    if command -v fc-list >/dev/null && [ -n "$(fc-list :lang=zh 2>/dev/null)" ]; then return 0; fi
    ls /usr/share/fonts/truetype/wqy/*.ttc /usr/share/fonts/opentype/noto/*CJK* >/dev/null 2>&1
}

# what is missing: "package" lines on stdout
missing() {
    command -v mosquitto >/dev/null        || echo mosquitto
    command -v mosquitto_sub >/dev/null    || echo mosquitto-clients
    command -v influxd >/dev/null          || echo influxdb
    command -v victoria-metrics >/dev/null || echo victoria-metrics
    command -v chromium >/dev/null         || echo chromium
    command -v chromedriver >/dev/null     || echo chromium-driver
    has_cjk_font                           || echo fonts-wqy-microhei
}

tests_of() {
    case $1 in
        mosquitto)         echo "MQTT tests against Mosquitto" ;;
        mosquitto-clients) echo "the unmodified subscriber of the contract test" ;;
        influxdb)          echo "InfluxDB 1.x tests" ;;
        victoria-metrics)  echo "VictoriaMetrics tests" ;;
        chromium*)         echo "browser tests of the console" ;;
        *)                 echo "nothing, but Chinese text in screenshots will be boxes" ;;
    esac
}

report() {
    echo "These are not installed, so some tests will be skipped:"
    for each in $1; do echo "  $each: skips $(tests_of "$each")"; done
    [ -z "${2:-}" ] || echo "Why: $2"
}

as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi; }

wanted=$(missing)
if [ -z "$wanted" ]; then echo "test servers: all present"; exit 0; fi
if ! command -v apt-get >/dev/null; then report "$wanted" "no apt-get on this system; install them by hand"; exit 0; fi
if [ "$(id -u)" -ne 0 ] && ! sudo -n true 2>/dev/null; then
    report "$wanted" "neither root nor sudo without a password; run: sudo sh scripts/install_servers.sh"
    exit 0
fi

# Debian's packages ask policy-rc.d before they start a service; 101 means "do not".
POLICY=/usr/sbin/policy-rc.d
made_policy=
undo_policy() { if [ -n "$made_policy" ]; then as_root rm -f "$POLICY"; fi; }
trap undo_policy EXIT
trap 'exit 130' INT TERM
if [ ! -e "$POLICY" ]; then
    made_policy=yes
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$POLICY" >/dev/null
    as_root chmod 755 "$POLICY"
fi

# shellcheck disable=SC2086  # a list of package names
apt_install() {
    as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
        apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300 $1 >"$log" 2>&1
}
log=$(mktemp)
as_root apt-get update -qq >"$log" 2>&1 || { echo "apt-get update failed; trying with the lists at hand:"; tail -n 3 "$log"; }
# One by one when all together fails: a release without one of the packages still gets the others.
# shellcheck disable=SC2086
if ! apt_install "$(echo $wanted)"; then
    for each in $wanted; do apt_install "$each" || { echo "could not install $each:"; tail -n 3 "$log"; }; done
fi
rm -f "$log"

if command -v systemctl >/dev/null; then
    for each in $wanted; do
        case $each in
            mosquitto | influxdb | victoria-metrics)
                as_root systemctl disable --now "$each.service" >/dev/null 2>&1 ||
                    as_root systemctl disable "$each.service" >/dev/null 2>&1 || true ;;
        esac
    done
fi

left=$(missing)
if [ -n "$left" ]; then report "$left" "the package manager could not install them (see above)"; else echo "test servers: installed"; fi
