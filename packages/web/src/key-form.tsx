import { Button, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { texts } from "./texts.ts";
import { get, keepKey } from "./till-api.ts";
import { startFollowing } from "./till-store.ts";

/** A till that other machines reach wants its key, once in each tab. */
export function KeyForm() {
  const [key, setKey] = useState("");
  const [wrong, setWrong] = useState("");

  async function send(event: FormEvent) {
    event.preventDefault();
    keepKey(key.trim());
    const answer = await get("/api/status");
    if (answer.ok) startFollowing();
    else setWrong(answer.wantsKey ? texts.keyWrong : answer.message);
  }

  return (
    <form className="card key-form" onSubmit={(event) => void send(event)}>
      <TextInput
        type="password"
        size="md"
        label={texts.key}
        autoComplete="off"
        value={key}
        error={wrong}
        onChange={(event) => setKey(event.currentTarget.value)}
      />
      <Button size="md" className="primary" type="submit">
        {texts.keySend}
      </Button>
    </form>
  );
}
