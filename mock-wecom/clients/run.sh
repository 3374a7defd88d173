#!/bin/sh
# Runs clients that nobody here wrote against mock-wecom. Each is installed from its registry
# into a folder of its own, which stays for the next run; nothing is installed into the system.
#
#   clients/run.sh                 # every client
#   clients/run.sh wechatpy        # those whose name contains this
#
# MOCK_WECOM_BIN names the program (default: mock-wecom on the PATH), CLIENTS_DIR the folder.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
wanted=${1:-}
dir=${CLIENTS_DIR:-${TMPDIR:-/tmp}/mock-wecom-clients}
mkdir -p "$dir/node" "$dir/python"
failed=""

"${MOCK_WECOM_BIN:-mock-wecom}" serve --listen 127.0.0.1:0 > "$dir/mock.out" 2> "$dir/mock.err" &
mock=$!
trap 'kill $mock' EXIT
until grep -q listening "$dir/mock.out"; do kill -0 $mock && sleep 0.1; done
MOCK_WECOM=$(sed -n 's/.*listening on //p' "$dir/mock.out")
export MOCK_WECOM

# python NAME==VERSION ROUND [MORE…]
python() {
    name=$1 round=$2
    shift 2
    case $name in *"$wanted"*) ;; *) return 0 ;; esac
    target="$dir/python/$name"
    if [ ! -d "$target" ]; then
        python3 -m pip install --quiet --target "$target" "$name" "$@" || { failed="$failed $name"; return 0; }
        # An ancient back-port that one of them asks for; it would hide the real one.
        rm -rf "$target/asyncio"
    fi
    PYTHONPATH="$target" python3 "$here/python/$round.py" || failed="$failed $name"
}

# node ROUND PACKAGE@VERSION…
node_round() {
    round=$1
    shift
    case "$*" in *"$wanted"*) ;; *) return 0 ;; esac
    target="$dir/node/$round"
    if [ ! -d "$target/node_modules" ]; then
        mkdir -p "$target"
        echo '{"private": true}' > "$target/package.json"
        npm install --silent --prefix "$target" "$@" || { failed="$failed $round"; return 0; }
    fi
    CLIENTS_DIR="$target" node "$here/node/$round.mjs" || failed="$failed $round"
}

python wechatpy==2.0.0a26 round_wechatpy
python wecom-crm-mcp==0.1.0 round_wecom_crm_mcp
python weworkapi==0.1.7 round_weworkapi requests pycryptodome
python wecom-app-svr==0.1.0 round_wecom_app_svr
python wecom-new-bot-svr==0.1.3 round_wecom_new_bot_svr
python wecom-aibot-sdk==1.0.8 round_aibot_ws
python wecom-aibot-python-sdk==1.0.2 round_aibot_ws
python wecom-aibot-sdk-python==0.1.7 round_aibot_ws
python pywgb==1.0.5 round_robots
python apprise==2.2.0 round_robots
python py-wecom-toolkit==4.0.11 round_robots
python corpwechatbot==0.6.4 round_apps
python wecomkit==0.2.0 round_apps
python wecom-sdk==1.0.0 round_apps
python wecom-sdk-py==0.1.0 round_apps
node_round wecom-crypto @wecom/crypto@1.0.1
node_round aibot-node-sdk @wecom/aibot-node-sdk@1.0.7
# Newer minor versions of what these two depend on no longer have what they call.
node_round node-easywechat node-easywechat@3.6.2 node-socialite@1.4.1
node_round wechat-enterprise-api wechat-enterprise-api@0.3.0 urllib@2.44.0
node_round wechat-enterprise wechat-enterprise@0.1.1

if [ -n "$failed" ]; then
    echo "failed:$failed"
    exit 1
fi
