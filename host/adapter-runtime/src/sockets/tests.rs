//! What a guest may do with sockets, and that it is ours, not WASI's own functions, which it calls.

use model::PortName;
use wasmtime::component::{Component, ComponentNamedList, Lower};

use super::*;
use crate::Grants;
use crate::cpu::CpuBudget;
use crate::egress::Quota;
use crate::egress::recording::RecordingLog;
use crate::egress::{EgressRecord, EgressVerdict};
use crate::http::Client;
use crate::instance::new_store;
use crate::recording_sink::RecordingSink;
use crate::{Credentials, GrantedSecrets, Limits, engine, linker};

fn port() -> PortName {
    PortName::new("port").expect("a name")
}

fn grants(grants: &[&str]) -> Arc<[TcpGrant]> {
    let grants = grants.iter().map(|grant| TcpGrant::parse(grant));
    grants.collect::<Result<_, _>>().expect("grants")
}

#[tokio::test]
async fn b115_only_connections_that_are_granted_are_allowed() {
    let guard = Guard {
        grants: grants(&["127.0.0.1:25"]),
        networks: Networks::default(),
        reporter: Arc::new(Reporter::new(port(), Arc::from("test 0"), None)),
    };
    for (address, purpose, allowed) in [
        ("127.0.0.1:25", SocketAddrUse::TcpConnect, true),
        ("127.0.0.1:26", SocketAddrUse::TcpConnect, false),
        ("192.0.2.1:25", SocketAddrUse::TcpConnect, false),
        ("0.0.0.0:0", SocketAddrUse::TcpBind, true),
        ("[::]:0", SocketAddrUse::TcpBind, true),
        ("127.0.0.1:25", SocketAddrUse::TcpBind, false),
        ("0.0.0.0:25", SocketAddrUse::TcpBind, false),
        ("127.0.0.1:25", SocketAddrUse::TcpListen, false),
        ("0.0.0.0:0", SocketAddrUse::TcpListen, false),
        ("127.0.0.1:25", SocketAddrUse::TcpAccept, false),
        ("0.0.0.0:0", SocketAddrUse::UdpBind, false),
        ("127.0.0.1:25", SocketAddrUse::UdpSend, false),
        ("127.0.0.1:25", SocketAddrUse::UdpReceive, false),
    ] {
        let verdict = guard.allows(address.parse().expect("an address"), purpose);
        assert_eq!(verdict.await, allowed, "{purpose:?} {address}");
    }
}

/// Calls a function of the guest of WASI 0.2, in a port with one connection. Its answers, byte by byte,
/// and what is recorded.
async fn call<P>(function: &str, arguments: P) -> ([u8; 4], Vec<EgressRecord>)
where
    P: ComponentNamedList + Lower + Send + Sync,
{
    let (engine, ticker) = engine::engine().expect("an engine");
    let guest = wat::parse_str(include_str!("tests/guest.wat")).expect("a component");
    let component = Component::new(&engine, guest).expect("it compiles");
    let log = Arc::new(RecordingLog::default());
    let sandbox = Sandbox {
        port: port(),
        grants: Grants::default(),
        http: Arc::from([]),
        tcp: grants(&["127.0.0.1:25", "localhost:25"]),
        networks: Networks::default(),
        quota: Quota::new(1),
        adapter: Arc::from("test 0"),
        egress_log: Some(log.clone()),
        credentials: Credentials::default(),
        secrets: GrantedSecrets::default(),
        limits: Limits::default(),
        cpu: CpuBudget::new(&Limits::default(), ticker),
    };
    let sink = Arc::new(RecordingSink::default());
    let context = Context::new(&sandbox, Client::new(), sink, Arc::default()).expect("a context");
    let mut store = new_store(&engine, context);
    let linker = linker::linker(&engine).expect("a linker");
    let instance = linker.instantiate_async(&mut store, &component).await;
    let instance = instance.expect("it imports what there is");
    let function = instance.get_typed_func::<P, (u32,)>(&mut store, function);
    let function = function.expect("it is exported");
    let (answers,) = function
        .call_async(&mut store, arguments)
        .await
        .expect("no trap");
    (answers.to_le_bytes(), log.take())
}

const NEW_SOCKET_LIMIT: u8 = 10;
const ACCESS_DENIED: u8 = 1;

#[tokio::test]
async fn connections_of_wasi_0_2_count_until_their_sockets_are_dropped() {
    let (answers, records) = call("connections", (25_u16,)).await;
    assert_eq!(answers[..3], [u8::MAX, NEW_SOCKET_LIMIT, u8::MAX]);
    let [record] = &records[..] else {
        panic!("{records:?}");
    };
    let EgressVerdict::Denied(why) = &record.verdict else {
        panic!("{record:?}");
    };
    assert!(why.contains("all 1 connections"), "{why}");
    assert_eq!(
        (record.way, &*record.target),
        (EgressWay::Tcp, "127.0.0.1:25")
    );
}

#[tokio::test]
async fn b115_names_that_are_not_granted_are_not_looked_up_by_wasi_0_2_either() {
    let (answers, records) = call("names", ()).await;
    assert_eq!(answers[..2], [u8::MAX, ACCESS_DENIED]);
    let [record] = &records[..] else {
        panic!("{records:?}");
    };
    assert_eq!(
        (record.way, &*record.target),
        (EgressWay::NameLookup, "secret.example.org")
    );
}
