import { UnstyledButton } from "@mantine/core";
import { useId, useState } from "react";
import { texts } from "./texts.ts";

/** About what three lines hold on a small screen. */
const SHORT_CHARS = 140;

/** Text that other programs wrote: any length, perhaps with no space to break at. Three lines of it, all on demand. */
export function LongText({ children }: { readonly children: string }) {
  const [open, setOpen] = useState(false);
  const id = useId();
  const isLong = children.length > SHORT_CHARS || children.split("\n").length > 3;
  return (
    <div className="long-text">
      <p id={id} className={isLong && !open ? "clamped" : ""}>
        {children}
      </p>
      {isLong && (
        <UnstyledButton className="link" aria-expanded={open} aria-controls={id} onClick={() => setOpen(!open)}>
          {open ? texts.showLess : texts.showMore}
        </UnstyledButton>
      )}
    </div>
  );
}
