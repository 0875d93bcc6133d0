"""The SyncService of requirement 004 in one file: Python 3.10 and nothing else.

Sales are kept here first, in SQLite, and reach the server whenever there is one. What an answer changes is one
transaction with its token, so a process killed at any moment leaves all of it or nothing, and asks again. What was not
marked is sent again; the server knows it by its localId.
"""

import http.client
import json
import os
import sqlite3
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid

BATCH = 1000  # documents in one request; the server takes more, but a lost request is dearer
KINDS = (
    ("order", "orders", "syncedOrders", "deletedOrderIds"),
    ("transaction", "transactions", "syncedTransactions", "deletedTransactionIds"),
)
DOCUMENTS = """CREATE TABLE IF NOT EXISTS document (
  kind TEXT NOT NULL, localId TEXT NOT NULL, syncStatus TEXT NOT NULL, syncVersion INTEGER NOT NULL,
  deviceId TEXT NOT NULL, content TEXT NOT NULL, message TEXT, PRIMARY KEY (kind, localId))"""
SETTINGS = "CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT)"


class SyncService:
    def __init__(self, file, base_url, device_id=None, api_key=None, interval=30.0, timeout=30.0, on_state=None):
        self.base_url, self.api_key, self.interval, self.timeout = base_url, api_key, interval, timeout
        self.on_state = on_state or (lambda state: None)
        self.sync_state = {"name": "Idle"}
        self._stopped, self._syncing = threading.Event(), threading.Lock()
        self._file = file
        with self._database() as db:
            db.execute(DOCUMENTS)
            db.execute(SETTINGS)
            self.device_id = device_id or self._setting(db, "deviceId") or str(uuid.uuid4())
            self._set(db, "deviceId", self.device_id)

    def initialize(self):
        """Starts the background sync: now, and then every 30 seconds."""

        def run():
            while not self._stopped.is_set():
                try:
                    self.sync_with_server()
                except Exception:
                    pass  # syncState says it; the next round tries again
                self._stopped.wait(self.interval)

        threading.Thread(target=run, daemon=True).start()

    def stop(self):
        self._stopped.set()

    def save_order_for_sync(self, order):
        return self._save("order", order)

    def save_transaction_for_sync(self, transaction):
        return self._save("transaction", transaction)

    def sync_with_server(self):
        """Sends what waits and takes what is new; an exception says that it has to be tried again."""
        with self._syncing:
            self._become("Syncing")
            try:
                result = self._sync()
            except Exception as error:
                self._become("Error", str(error))
                raise
            self._become("Success")
            return result

    def get_sync_stats(self):
        with self._database() as db:
            rows = db.execute("SELECT kind, syncStatus, count(*) AS n FROM document GROUP BY 1, 2")
            count = {(row["kind"], row["syncStatus"]): row["n"] for row in rows}
            at = self._setting(db, "lastSyncTimestamp")
        return {
            "pendingOrders": count.get(("order", "PENDING"), 0),
            "syncedOrders": count.get(("order", "SYNCED"), 0),
            "failedOrders": count.get(("order", "FAILED"), 0),
            "pendingTransactions": count.get(("transaction", "PENDING"), 0),
            "lastSyncTimestamp": None if at is None else int(at),
        }

    def rows(self, kind, waiting=False):
        """All documents of a kind, those of other devices included; or only what waits to be sent."""
        where = "kind = ?" + (" AND syncStatus <> 'SYNCED'" if waiting else "")
        with self._database() as db:
            found = db.execute(f"SELECT * FROM document WHERE {where} ORDER BY rowid", (kind,)).fetchall()
        names = ("localId", "syncStatus", "syncVersion", "deviceId")
        return [{kind: json.loads(row["content"]), **{name: row[name] for name in names}} for row in found]

    def _sync(self):
        waiting = {plural: self.rows(kind, waiting=True) for kind, plural, _, _ in KINDS}
        result = {"syncedOrders": [], "syncedTransactions": []}
        for at in range(0, max(1, *map(len, waiting.values())), BATCH):
            sent = {plural: rows[at : at + BATCH] for plural, rows in waiting.items()}
            answer = self._post(sent)
            self._apply(sent, answer)
            for name in result:
                result[name] += answer[name]
        return result

    def _post(self, sent):
        with self._database() as db:
            token = self._setting(db, "nextSyncToken")
        body = {"deviceId": self.device_id, **sent, "lastSyncTimestamp": token or 0}
        headers = {"content-type": "application/json"}
        if self.api_key:
            headers["authorization"] = f"Bearer {self.api_key}"
        url = self.base_url.rstrip("/") + "/api/sync/batch"
        request = urllib.request.Request(url, json.dumps(body).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=self.timeout) as response:
                return json.load(response)  # half an answer is no JSON, and changes nothing
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"the server answered {error.code}: {error.read(200).decode()}") from error
        except http.client.HTTPException as error:
            raise ConnectionError(f"the answer broke off: {error}") from error

    def _apply(self, sent, answer):
        with self._database() as db:
            for kind, plural, synced, deleted in KINDS:
                for row, result in zip(sent[plural], answer[synced], strict=True):
                    self._mark(db, kind, row, result)
                # What waits here is sent first: then the server decides between the two.
                for row in answer["serverUpdates"][plural]:
                    if row[kind] is not None and not self._is_waiting(db, kind, row["localId"]):
                        self._put(db, kind, row, "SYNCED")
                for local_id in answer["serverUpdates"][deleted]:
                    if not self._is_waiting(db, kind, local_id):
                        self._remove(db, kind, local_id)
            self._set(db, "nextSyncToken", answer["nextSyncToken"])
            self._set(db, "lastSyncTimestamp", int(time.time() * 1000))

    def _mark(self, db, kind, sent, result):
        """What became of one document: its answer stands at the place at which it was sent."""
        now = self._row(db, kind, sent["localId"])
        if now is None or now["syncVersion"] != sent["syncVersion"]:
            return  # changed meanwhile: still to be sent
        theirs = (result.get("conflicts") or [{}])[0].get("remoteData") or {}
        if result["success"]:
            self._put(db, kind, sent, "SYNCED")
        elif theirs.get("deleted"):
            self._remove(db, kind, sent["localId"])
        elif theirs.get(kind):
            self._put(db, kind, theirs, "SYNCED", result["message"])  # the server wins
        else:
            self._put(db, kind, sent, "FAILED", result["message"])  # is sent again

    def _save(self, kind, document):
        """Counts the version up when the document changed; saving the same again only sends it again."""
        with self._database() as db:
            before = self._row(db, kind, document["id"])
            is_same = before is not None and json.loads(before["content"]) == document
            version = (before["syncVersion"] if before else 0) + (0 if is_same else 1)
            row = {kind: document, "localId": document["id"], "syncVersion": version, "deviceId": self.device_id}
            self._put(db, kind, row, "PENDING")
        return {**row, "syncStatus": "PENDING"}

    def _become(self, name, message=None):
        self.sync_state = {"name": name, **({"message": message} if message else {})}
        self.on_state(self.sync_state)

    def _database(self):
        """One transaction: all of it at the end of the `with`, or nothing."""
        return _Transaction(self._file)

    def _row(self, db, kind, local_id):
        return db.execute("SELECT * FROM document WHERE kind = ? AND localId = ?", (kind, local_id)).fetchone()

    def _is_waiting(self, db, kind, local_id):
        row = self._row(db, kind, local_id)
        return row is not None and row["syncStatus"] != "SYNCED"

    def _put(self, db, kind, row, status, message=None):
        values = (kind, row["localId"], status, row["syncVersion"], row["deviceId"], json.dumps(row[kind]), message)
        db.execute("INSERT OR REPLACE INTO document VALUES (?, ?, ?, ?, ?, ?, ?)", values)

    def _remove(self, db, kind, local_id):
        db.execute("DELETE FROM document WHERE kind = ? AND localId = ?", (kind, local_id))

    def _setting(self, db, name):
        row = db.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
        return row and row["value"]

    def _set(self, db, name, value):
        db.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, value))


class _Transaction:
    def __init__(self, file):
        self._db = sqlite3.connect(file, timeout=10, isolation_level=None)
        self._db.row_factory = sqlite3.Row

    def __enter__(self):
        self._db.execute("BEGIN IMMEDIATE")
        return self._db

    def __exit__(self, error, *_):
        self._db.execute("ROLLBACK" if error else "COMMIT")
        self._db.close()


def main(command="stats", total="0", order_id=None):
    def show(value):
        print(json.dumps(value), flush=True)

    env = os.environ.get
    service = SyncService(
        env("DATA_FILE", "till.db"),
        env("API_BASE_URL", "http://127.0.0.1:8080"),
        env("DEVICE_ID"),
        env("API_KEY"),
        float(env("SYNC_INTERVAL_SECONDS", "30")),
        on_state=show if command == "watch" else None,
    )
    if command == "sell" and float(total) > 0:
        order_id = order_id or str(uuid.uuid4())
        order = {"id": order_id, "orderNumber": f"ORD-{order_id}", "total": float(total)}
        show(service.save_order_for_sync({**order, "createdAt": int(time.time() * 1000)}))
    elif command == "orders":
        for row in service.rows("order"):
            show(row)
    elif command == "sync":
        show(service.sync_with_server())
    elif command == "stats":
        show(service.get_sync_stats())
    elif command == "watch":
        service.initialize()
        threading.Event().wait()
    else:
        sys.exit("commands: sell TOTAL [ID], orders, sync, stats, watch")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (OSError, RuntimeError, ValueError) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        pass
