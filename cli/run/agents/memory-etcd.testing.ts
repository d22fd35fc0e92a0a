import type { EtcdClient, WatchListener } from "../../../server/etcd/edge/etcd-client.ts";
import type { KeyValue, Put } from "../../../server/etcd/etcd-messages.ts";

/** An etcd in memory that does what a board needs; `put` is for everybody. */
export function memoryEtcd() {
  const values = new Map<string, Uint8Array>();
  const listeners: WatchListener[] = [];
  let revision = 0;
  const put = (key: string, value: Uint8Array): void => {
    values.set(key, value);
    revision += 1;
    const event = { key, value, modRevision: revision, isDeleted: false };
    const answer = { events: [event], cancelReason: undefined, compactRevision: 0 };
    for (const { onAnswer } of listeners) onAnswer({ ...answer, revision } as never);
  };
  const etcd = {
    async range({ key, end }: { key: string; end?: string }) {
      const found: KeyValue[] = [...values]
        .filter(([name]) => (end === undefined ? name === key : name >= key && name < end))
        .map(([name, value]) => ({ key: name, value, modRevision: 1 }));
      return { revision, found };
    },
    watch(_key: string, _end: string, _revision: number, listener: WatchListener) {
      listeners.push(listener);
      return { pause() {}, resume() {}, cancel() {} };
    },
    async put({ key, value }: Put) {
      put(key, value);
    },
  };
  return { put, values, etcd: etcd as unknown as EtcdClient };
}
