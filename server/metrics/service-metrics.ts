import { type Counters, dotted } from "../service/loop/counters.ts";
import { type CounterName, counterFamilies, type Family, gauge } from "./exposition.ts";

type Names = Readonly<Record<string, CounterName>>;

const tftpNames: Names = {
  requests: { help: "Read and write requests." },
  "requests-repeated": { help: "Requests that came again while their transfer ran." },
  started: { name: "transfers_started", help: "Transfers that began." },
  "blocks-sent": { help: "Blocks sent, of transfers that are over." },
  "blocks-repeated": { help: "Blocks of them that were sent again." },
  "bytes-sent": { name: "sent_bytes", help: "Bytes of files sent, of transfers that are over." },
  queued: { help: "Requests that waited for a session." },
  "queue-full": { help: "Requests that found no room to wait." },
  "queue-expired": { help: "Requests that waited for too long." },
  "unknown-transfers": { help: "Packets of no transfer." },
  "errors-suppressed": { help: "ERROR packets that were kept back." },
  batches: { help: "Batches of datagrams that the loop received." },
  ended: { name: "transfers_ended", label: "end", help: "Transfers that ended, by how." },
  refused: { label: "code", help: "Requests answered with an ERROR, by its code." },
  rejected: { label: "code", help: "Datagrams that are no TFTP packet." },
};

const timeNames: Names = {
  answered: { label: "transport", help: "Requests answered." },
  dropped: { label: "reason", help: "Requests without an answer, by reason." },
};

const ntpNames: Names = {
  answered: { help: "Requests answered with the time." },
  kissed: { help: "Requests answered with a kiss-o'-death." },
  rejected: { help: "Datagrams that are no NTP packet." },
  dropped: { label: "reason", help: "Requests without an answer, by reason." },
};

const syslogNames: Names = {
  received: { name: "messages", label: "transport", help: "Messages received." },
  lines: { help: "Lines handed to files." },
  unrouted: { help: "Messages that no rule wants." },
  "cut-off": { help: "TCP messages that were too long." },
  "tcp-refused": { help: "TCP connections refused." },
  dropped: { label: "reason", help: "Messages thrown away, by reason." },
};

/** The metrics of a TFTP server at this moment. */
export function tftpFamilies(
  counters: Counters,
  load: { readonly sessions: number; readonly waiting: number },
): Family[] {
  return [
    ...counterFamilies("provlab_tftp", dotted(counters), tftpNames),
    gauge("provlab_tftp_sessions", "Transfers under way.", load.sessions),
    gauge("provlab_tftp_waiting", "Requests that wait for a session.", load.waiting),
  ];
}

export function timeFamilies(counters: Counters): Family[] {
  return counterFamilies("provlab_time", dotted(counters), timeNames);
}

export function ntpFamilies(counters: Counters, stratum: number): Family[] {
  return [
    ...counterFamilies("provlab_ntp", dotted(counters), ntpNames),
    gauge("provlab_ntp_stratum", "What replies say of the clock: 16 is not set.", stratum),
  ];
}

export function syslogFamilies(counters: Counters): Family[] {
  return counterFamilies("provlab_syslog", dotted(counters), syslogNames);
}
