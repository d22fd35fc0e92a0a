import { type CounterName, counterFamilies, type Family, gauge } from "./exposition.ts";

type Snapshot = Readonly<Record<string, number>>;
type Names = Readonly<Record<string, CounterName>>;

const tftpNames: Names = {
  requests: { name: "requests", help: "Read and write requests." },
  "requests-repeated": {
    name: "requests_repeated",
    help: "Requests that came again while their transfer ran.",
  },
  started: { name: "transfers_started", help: "Transfers that began." },
  "blocks-sent": { name: "blocks_sent", help: "Blocks sent, of transfers that are over." },
  "blocks-repeated": { name: "blocks_repeated", help: "Blocks of them that were sent again." },
  "bytes-sent": { name: "sent_bytes", help: "Bytes of files sent, of transfers that are over." },
  queued: { name: "queued", help: "Requests that waited for a session." },
  "queue-full": { name: "queue_full", help: "Requests that found no room to wait." },
  "queue-expired": { name: "queue_expired", help: "Requests that waited for too long." },
  "unknown-transfers": { name: "unknown_transfers", help: "Packets of no transfer." },
  "errors-suppressed": { name: "errors_suppressed", help: "ERROR packets that were kept back." },
  batches: { name: "batches", help: "Batches of datagrams that the loop received." },
  ended: { name: "transfers_ended", label: "end", help: "Transfers that ended, by how." },
  refused: {
    name: "refused",
    label: "code",
    help: "Requests answered with an ERROR, by its code.",
  },
  rejected: { name: "rejected", label: "code", help: "Datagrams that are no TFTP packet." },
};

const timeNames: Names = {
  answered: { name: "answered", label: "transport", help: "Requests answered." },
  dropped: { name: "dropped", label: "reason", help: "Requests without an answer, by reason." },
};

const ntpNames: Names = {
  answered: { name: "answered", help: "Requests answered with the time." },
  kissed: { name: "kissed", help: "Requests answered with a kiss-o'-death." },
  rejected: { name: "rejected", help: "Datagrams that are no NTP packet." },
  dropped: { name: "dropped", label: "reason", help: "Requests without an answer, by reason." },
};

const syslogNames: Names = {
  received: { name: "messages", label: "transport", help: "Messages received." },
  lines: { name: "lines", help: "Lines handed to files." },
  unrouted: { name: "unrouted", help: "Messages that no rule wants." },
  "cut-off": { name: "cut_off", help: "TCP messages that were too long." },
  "tcp-refused": { name: "tcp_refused", help: "TCP connections refused." },
  dropped: { name: "dropped", label: "reason", help: "Messages thrown away, by reason." },
};

/** The metrics of a TFTP server at this moment. */
export function tftpFamilies(
  counters: Snapshot,
  load: { readonly sessions: number; readonly waiting: number },
): Family[] {
  return [
    ...counterFamilies("provlab_tftp", counters, tftpNames),
    gauge("provlab_tftp_sessions", "Transfers under way.", load.sessions),
    gauge("provlab_tftp_waiting", "Requests that wait for a session.", load.waiting),
  ];
}

export function timeFamilies(counters: Snapshot): Family[] {
  return counterFamilies("provlab_time", counters, timeNames);
}

export function ntpFamilies(counters: Snapshot, stratum: number): Family[] {
  return [
    ...counterFamilies("provlab_ntp", counters, ntpNames),
    gauge("provlab_ntp_stratum", "What replies say of the clock: 16 is not set.", stratum),
  ];
}

export function syslogFamilies(counters: Snapshot): Family[] {
  return counterFamilies("provlab_syslog", counters, syslogNames);
}
