import { Button, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { texts } from "./texts.ts";
import { keyHeaders } from "./till-api.ts";
import { startFollowing } from "./till-store.ts";

/** A till that other machines reach wants its key, once in each tab. */
export function KeyForm() {
  const [key, setKey] = useState("");
  const wasGiven = "authorization" in keyHeaders();

  function send(event: FormEvent) {
    event.preventDefault();
    if (key.trim() !== "") startFollowing(key.trim());
  }

  return (
    <form className="card key-form" onSubmit={send}>
      <TextInput
        type="password"
        size="md"
        label={texts.key}
        autoComplete="off"
        value={key}
        error={wasGiven ? texts.keyWrong : undefined}
        onChange={(event) => setKey(event.currentTarget.value)}
      />
      <Button size="md" type="submit">
        {texts.keySend}
      </Button>
    </form>
  );
}
