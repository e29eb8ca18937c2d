"""Options of channels and servers: what is known, and which known name a misspelt one is nearest to."""

VERSION = "1.85.1"  # of the API

# Without "grpc.": every name that the reference knows. Some have no effect here, but nobody is bothered about them.
_KNOWN = frozenset("""
    TEST_ONLY_DO_NOT_USE_IN_PROD.xds_bootstrap_config absolute_max_metadata_size address_http_proxy
    address_http_proxy_enabled_addresses authorization_policy_provider census channel_id channel_pooling_domain
    child_channel.args client_idle_timeout_ms compression_enabled_algorithms_bitset default_authority
    default_compression_algorithm default_compression_level disable_client_authority_filter dns_ares_query_timeout
    dns_enable_srv_queries dns_min_time_between_resolutions_ms dscp enable_channelz enable_http_proxy enable_retries
    event_engine_use_memory_allocator_factory expand_wildcard_addrs experimental.enable_hedging
    experimental.event_engine experimental.grpclb_channel_args experimental.http2.enable_preferred_frame_size
    experimental.server_config_change_drain_grace_time_ms experimental.stats_plugins
    experimental.tcp_max_read_buffer_size experimental.tcp_max_read_chunk_size experimental.tcp_min_read_chunk_size
    experimental.tcp_read_chunk_size experimental.tcp_trace_full_buffer experimental.tcp_tx_zerocopy_enabled
    experimental.tcp_tx_zerocopy_max_simultaneous_sends experimental.tcp_tx_zerocopy_send_bytes_threshold
    grpclb_call_timeout_ms grpclb_fallback_timeout_ms happy_eyeballs_connection_attempt_delay_ms http2.bdp_probe
    http2.hpack_table_size.decoder http2.hpack_table_size.encoder http2.initial_sequence_number
    http2.lookahead_bytes http2.max_frame_size http2.max_ping_strikes http2.max_pings_without_data
    http2.max_security_frame_size http2.min_ping_interval_without_data_ms http2.min_time_between_pings_ms
    http2.true_binary http2.write_buffer_size http2_scheme http_proxy inhibit_health_checking
    initial_reconnect_backoff_ms keepalive_permit_without_calls keepalive_time_ms keepalive_timeout_ms
    lb.ring_hash.ring_size_cap lb_policy_name loadreporting max_allowed_incoming_connections
    max_channel_trace_event_memory_per_node max_concurrent_streams max_connection_age_grace_ms max_connection_age_ms
    max_connection_idle_ms max_connections_per_subchannel_cap max_metadata_size max_receive_message_length
    max_reconnect_backoff_ms max_send_message_length min_reconnect_backoff_ms minimal_stack mobile_log_context
    optimization_target per_message_compression per_message_decompression per_rpc_retry_buffer_size
    primary_user_agent priority_failover_timeout_ms resource_quota secondary_user_agent security_frame_allowed
    server.max_pending_requests server.max_pending_requests_hard_limit server_call_metric_recording
    server_config_fetcher server_handshake_timeout_ms server_max_unrequested_time_in_server service_config
    service_config_disable_resolution so_reuseport socket_factory socket_mutator ssl_session_cache
    ssl_target_name_override surface_user_agent tcp_receive_buffer_size tcp_tracing_enabled tsi.max_frame_size
    use_local_subchannel_pool
""".split())
# Options of this package alone.
EXCEPTION_TEXT = "godwit.exception_text"  # servers: a handler's exception is told to the client with its text
SINGLE_THREADED = "SingleThreadedUnaryStream"
_OWN = frozenset((EXCEPTION_TEXT, SINGLE_THREADED))


def _is_known(name):
    return name in _OWN or (name.startswith("grpc.") and
                            (name[5:] in _KNOWN or name.startswith(("grpc.testing.", "grpc.internal."))))


def _complain(name):
    import difflib
    import os
    import sys
    import warnings
    depth, here, frame = 1, os.path.dirname(__file__), sys._getframe()
    while frame.f_back is not None and frame.f_code.co_filename.startswith(here):
        depth, frame = depth + 1, frame.f_back
    known = sorted("grpc." + k for k in _KNOWN) + sorted(_OWN)
    near = difflib.get_close_matches(name, known, 1, 0.6) or difflib.get_close_matches("grpc." + name, known, 1, 0.6)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    warnings.warn(f"unknown gRPC option {name!r} has no effect{hint}", stacklevel=depth)


def split(options):
    """(pairs for the engine, the package's own as a dict). Complains about unknown names, with the user's line."""
    if options and isinstance(options, dict):
        raise TypeError("options are a list of (name, value) pairs, not a dict: write list(options.items())")
    engine, own = [], {}
    for pair in options:
        try:
            name, value = pair
        except (TypeError, ValueError):
            raise TypeError(f"options are a list of (name, value) pairs; {pair!r} is none") from None
        if isinstance(name, bytes):
            name = name.decode()
        if not isinstance(name, str):
            raise TypeError(f"an option's name is a str, not {type(name).__name__}: {pair!r}")
        if not _is_known(name):
            _complain(name)
        if name in _OWN:
            own[name] = value
        elif isinstance(value, (int, float)):
            engine.append((name, int(value)))
        elif isinstance(value, str):
            engine.append((name, value))
        elif isinstance(value, bytes):
            engine.append((name, value.decode()))
        elif not hasattr(value, "__int__"):
            # Objects with __int__ are handles of the reference, such as a cache of TLS sessions: nothing to do here.
            raise TypeError(f"the value of option {name!r} is an int or a str, not {type(value).__name__}: {value!r}")
    return engine, own
