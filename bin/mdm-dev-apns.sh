# A stand-in for Apple's push service, for "mdm-dev run" and "demo": Debian's
# nginx without the module. It demands a push certificate of a CA that stands
# for Apple's, accepts every push, and writes each into $run/pushes.log. A
# token with a file of its name in $data/dead has died.

topic=com.apple.mgmt.External.00000000-0000-4000-8000-0000000000aa


apns_nginx() {
    PATH=$PATH:/usr/sbin command nginx -p "$run" -c "$run/apns.conf" \
        -e "$run/apns-error.log" "$@"
}

write_apns_conf() {
    cat >"$run/apns.conf" <<CONF
${user:+user $user $(id -gn "$user");}
worker_processes 1;
pid $run/apns.pid;
error_log $run/apns-error.log notice;

events {
    worker_connections $connections;
}

http {
$(temp_paths apns)

    log_format pushes '\$time_iso8601 \$token \$status \$http_apns_topic '
                      '\$http_apns_id';
    access_log $run/pushes.log pushes;

    map \$uri \$token {
        default                            -;
        ~^/3/device/(?<hex>[0-9a-f]+)\$     \$hex;
    }

    map \$msec \$milliseconds {
        ~^(?<whole>\d+)\.(?<rest>\d+)\$     \$whole\$rest;
    }

    server {
        listen 127.0.0.1:$apns_port ssl http2;

        ssl_certificate $run/apns.pem;
        ssl_certificate_key $run/apns.key;
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_client_certificate $run/apple-ca.pem;
        ssl_verify_client on;
        error_page 495 496 =403 /refused;
        keepalive_requests 1000000;
        keepalive_timeout 1h;
        add_header apns-id \$http_apns_id always;

        location /3/device/ {
            default_type application/json;
            if (-f $data/dead/\$token) {
                return 410 '{"reason":"Unregistered","timestamp":\$milliseconds}';
            }
            return 200;
        }

        location = /refused {
            default_type application/json;
            return 403 '{"reason":"BadCertificate"}';
        }
    }
}
CONF
}

start_apns() {
    mkdir -p "$data/dead"
    write_apns_conf
    apns_nginx -t 2>"$run/apns-test.log" || die "$(cat "$run/apns-test.log")"
    apns_nginx || die "the stand-in of APNs does not start: see" \
                      "$run/apns-error.log"
}

# Of the directive mdm_apns.
apns_arguments() {
    printf '127.0.0.1:%s trusted_certificate=%s' "$apns_port" \
        "$run/apple-ca.pem"
}

# Once: a certificate of Apple's lives for a year, this one longer.
make_push_certificate() {
    ! "$mdmctl" pushcert list | grep -qF "$topic" || return 0

    "$mdmctl" pushcert request --common-name demo >"$run/push.csr" \
        || die 'no request for a push certificate is made'
    sign_as_apple "$run/push.csr" >"$run/push.pem" \
        || die "openssl failed: see $run/openssl.log"
    "$mdmctl" pushcert store "$run/push.pem" >"$run/pushcert.log" \
        || die 'the push certificate is not stored'
}

# The key never leaves the server; Apple puts the topic into the subject.
sign_as_apple() {
    openssl x509 -req -in "$1" -days 800 -subj "/UID=$topic/CN=APSP:demo" \
        -CA "$run/apple-ca.pem" -CAkey "$run/apple-ca.key" \
        -extfile <(printf 'extendedKeyUsage = clientAuth\n') \
        2>"$run/openssl.log"
}
