# The demonstration, "mdm-dev demo": devices of every kind with a server of its
# own, and what is asked of them. What is shown is what happened: each stage
# waits for what it promises, and fails when that does not come.

devices=


free_port() {
    local try=$1
    while answers "$try"; do try=$((try + 1)); done
    printf '%s' "$try"
}

title() {
    if [ -t 1 ]; then
        printf '\n\033[1m%s\033[0m\n' "$*"
    else
        printf '\n%s\n' "$*"
    fi
}

simulator() {
    exec "$top/build/mdm-sim" --url "https://localhost:$tls_port/mdm" \
        --ca "$run/server-ca.pem" --identity-ca "$run/device-ca.pem" \
        --identity-key "$run/device-ca.key" --state "$run/devices" \
        --topic "$topic" --id-prefix demo --supervised iphone \
        --kind iphone=2 --kind byod=1 --kind mac=1 --kind sharedipad=1 "$@" \
        >>"$run/simulator.log" 2>&1
}

# Devices that come when they are pushed from now on, and only then.
devices_wait() {
    : >"$run/pushes.log"
    pushes_shown=0
    (simulator --pushes "$run/pushes.log" --duration 300 --retries 0 "$@") &
    devices=$!
}

# An interrupt is no success to the simulator.
devices_end() {
    [ -n "$devices" ] || return 0
    kill -INT "$devices" 2>/dev/null || :
    wait "$devices" || :
    devices=
}

api() {
    local method=$1 path=$2
    shift 2
    curl -sS --fail-with-body --cacert "$run/server-ca.pem" \
        -u "mdm:$token" -X "$method" "$@" "https://localhost:$tls_port$path" \
        || die "$method $path was refused"
}

enrollments() {
    "$mdmctl" devices | awk 'NR > 1 { print $1 }'
}

targets() {
    enrollments | sed 's/.*/"&"/' | paste -sd,
}

device_information() {
    cat <<JSON
{"request_type": "DeviceInformation", "command_uuid": "demo-device-information",
 "to": {"enrollments": [$(targets)]},
 "command": {"Queries": ["DeviceName", "OSVersion", "IsSupervised"]}}
JSON
}

install_profile() {
    cat <<JSON
{"request_type": "InstallProfile", "command_uuid": "demo-install-profile",
 "to": {"enrollments": [$(targets)]},
 "command": {"Payload": {
    "PayloadType": "Configuration", "PayloadVersion": 1,
    "PayloadIdentifier": "com.example.demo.passcode",
    "PayloadUUID": "6C1F0A52-7F0E-4B8E-9A55-2D0C5B7E4A11",
    "PayloadDisplayName": "Six digits",
    "PayloadContent": [
       {"PayloadType": "com.apple.mobiledevice.passwordpolicy",
        "PayloadVersion": 1,
        "PayloadIdentifier": "com.example.demo.passcode.policy",
        "PayloadUUID": "0E7D1B7C-5F3A-4C0B-8B0A-6B1B8A3F9D22",
        "forcePIN": true, "minLength": 6, "allowSimple": false}]}}}
JSON
}

# From answers: to how many a command was refused, and the rule.
show_refused() {
    grep -o '"code":"unavailable"[^}]*' "$run/enqueue.log" \
        | sed 's/.*"rule":"\(.*\)","count":\([0-9]*\).*/refused to \2: \1/' \
        | fold -s -w 78
    say
}

# A typed command that is refused: what is asked, and the answer.
show_refusal() {
    say "$1"
    curl -sS --cacert "$run/server-ca.pem" -u "mdm:$token" -w '\n' \
        -H 'Content-Type: application/json' -d "$1" \
        "https://localhost:$tls_port/v1/commands" \
        | sed 's/,"faults":/,\n"faults":/' | fold -s -w 76 | sed 's/^/    /'
}

# One line for each enrolment, one column for each command.
show_states() {
    local id
    printf '  %-54s %-19s %s\n' ENROLMENT DeviceInformation InstallProfile

    for id in $(enrollments); do
        "$mdmctl" queue "$id" | awk -v id="$id" '
            $1 == "demo-device-information" { device = $3 }
            $1 == "demo-install-profile"    { profile = $3 }
            END { printf "  %-54s %-19s %s\n", id, device ? device : "-",
                         profile ? profile : "-" }'
    done
}

# The table of states as soon as a line of it fits each pattern.
show_states_when() {
    local states pattern fits try

    for try in $(seq 100); do
        states=$(show_states)
        fits=yes
        for pattern; do
            grep -qE "^  demo-$pattern" <<<"$states" || fits=
        done
        [ -z "$fits" ] || break
        sleep 0.2
    done

    say "$states"
    [ -n "$fits" ] || die "this is not what was to be shown: see" \
        "$run/error.log and $run/simulator.log"
}

# What the push service answered since this was called last: a line for each.
show_pushes() {
    psql mdm -A -t -F ' ' -c "SELECT encode(push_token, 'hex'), device_id ||
        CASE WHEN user_id = '' THEN '' ELSE ':' || user_short_name END
        FROM mdm.enrollment WHERE push_token IS NOT NULL" >"$run/channels"

    tail -n +$((pushes_shown + 1)) "$run/pushes.log" | awk '
        FILENAME != "-" { channel[$1] = $2; next }
        { printf "  %s  %s  %s\n", substr($1, 12, 8),
                 $3 == 200 ? "accepted     " : "token is dead", channel[$2] }' \
        "$run/channels" -
    pushes_shown=$(wc -l <"$run/pushes.log")
}

# The channel's token, as the push service knows it.
token_of() {
    psql mdm -A -t -c "SELECT encode(push_token, 'hex') FROM mdm.enrollment
        WHERE device_id = '$1' AND user_id = ''"
}

command_demo() {
    run=$run/demo
    durable=off
    listen_tls=127.0.0.1:
    pushes_shown=0
    port=$(free_port "${MDM_PORT:-18080}")
    tls_port=$(free_port "${MDM_TLS_PORT:-18443}")
    apns_port=$(free_port "${MDM_APNS_PORT:-18543}")

    check_owner "$run"
    stop
    remove_demo
    trap 'devices_end; stop; remove_demo_data' EXIT

    title 'A server: PostgreSQL, nginx with the module, a tenant, a token'
    start
    show_addresses

    demo_enrols
    demo_refuses
    demo_pushes
    demo_calls_again
    demo_dead_token

    title 'What became of the commands of the iPhone that could not at first'
    "$mdmctl" queue demo-iphone-000000

    title 'What the devices told of themselves'
    "$mdmctl" devices

    title 'How the pushes do'
    "$mdmctl" push

    title 'Everything stops'
}

demo_enrols() {
    title 'A push certificate: requested by the server, signed by a stand-in'
    "$mdmctl" pushcert list

    title 'Devices enrol over TLS, each with its own certificate'
    (simulator --enroll) \
        || die "the simulator failed: see $run/simulator.log"
    "$mdmctl" devices
}

demo_refuses() {
    title 'Commands in typed JSON are checked before they are queued'
    show_refusal '{"request_type": "DeviceLock",
   "to": {"enrollments": ["demo-mac-000000"]},
   "command": {"Message": true, "PIN": "1234"}}'
    show_refusal '{"request_type": "EraseDevice",
   "to": {"enrollments": ["demo-byod-000000"]}}'
}

demo_pushes() {
    title 'Two commands for all of them; each is pushed and comes'
    say 'But one iPhone was wiped, the Mac sleeps; one cannot now, one falls'
    say 'silent. From now on no device comes by itself.'
    touch "$data/dead/$(token_of demo-iphone-000001)"
    devices_wait --timeout 1000 --answer 'InstallProfile@0=notnow' \
        --answer 'DeviceInformation@byod=error:12021:MCMDMErrorDomain:Invalid' \
        --answer 'InstallProfile@byod=silence' --answer 'Push@mac=silence'
    device_information | api POST /v1/commands --data-binary @- \
        >"$run/enqueue.log"
    show_states_when 'iphone-000000 +ACK' 'byod-000000 +ERROR' 'mac-\S+ +SENT' \
        >"$run/states.log"
    install_profile | api POST /v1/commands --data-binary @- \
        >>"$run/enqueue.log"
    say
    show_refused
    show_states_when 'iphone-000000 +ACKNOWLEDGED +NOTNOW' \
        'iphone-000001 +QUEUED +QUEUED' 'mac-000000 +SENT +SENT' \
        'byod-000000 +ERROR +PUSH' 'sharedipad-000000 +ACKNOWLEDGED' \
        'sharedipad-000000:alice\S+ +ACKNOWLEDGED' \
        'sharedipad-000000:bob\S+ +ACKNOWLEDGED'
    say
    show_pushes
    say
    "$mdmctl" queue demo-mac-000000
    devices_end
}

demo_calls_again() {
    title 'They would be pushed again, later and later; asked, it is at once'
    devices_wait
    api PUT "/v1/push/$(enrollments | grep -E 'iphone-000000|byod|mac' \
        | paste -sd,)" | sed 's/"status": *{/&\n  /; s/},/},\n  /g'
    say
    say
    show_states_when 'iphone-000000 +ACKNOWLEDGED +ACKNOWLEDGED' \
        'byod-000000 +ERROR +ACKNOWLEDGED' \
        'mac-000000 +ACKNOWLEDGED +ACKNOWLEDGED' \
        'mac-000000:\S+ +ACKNOWLEDGED +ACKNOWLEDGED'
    say
    show_pushes
    devices_end
}

demo_dead_token() {
    title 'A dead token is pushed no more'
    "$mdmctl" push show "$topic"
    say
    "$mdmctl" why demo-iphone-000001

    title 'The iPhone is back with another token, and is pushed at once'
    devices_wait --token-update 2 --kind byod=0 --kind mac=0 \
        --kind sharedipad=0
    show_states_when 'iphone-000001 +ACKNOWLEDGED +ACKNOWLEDGED'
    say
    show_pushes
    devices_end
}

remove_demo() {
    remove_demo_data
    rm -rf "$run"
}

remove_demo_data() {
    if [ -e "$run/data" ]; then
        rm -rf "$(readlink -f "$run/data")" "$run/data"
    fi
}


