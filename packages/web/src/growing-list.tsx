import { Button } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { count } from "./format.ts";
import { Loaded } from "./panel.tsx";
import { texts } from "./texts.ts";
import { useData } from "./use-data.ts";

/** Lines that a list begins with and grows by. */
const STEP = 20;

/** A list stops growing here: thousands of lines would be slow on an old screen. */
const MAX_SHOWN = 100;

interface GrowingListProps<Body, Item> {
  /** The route, with its query but for `limit`. */
  readonly path: string;
  readonly items: (body: Body) => readonly Item[];
  readonly hasMore: (body: Body, limit: number) => boolean;
  readonly keyOf: (item: Item) => string;
  readonly none: string;
  readonly children: (item: Item) => ReactNode;
}

/** The first lines of a long list, live; more of them on demand. */
export function GrowingList<Body, Item>(props: GrowingListProps<Body, Item>) {
  const { path, items, hasMore, keyOf, none, children } = props;
  const [limit, setLimit] = useState(STEP);
  const answer = useData<Body>(`${path}${path.includes("?") ? "&" : "?"}limit=${limit}`);
  return (
    <Loaded answer={answer}>
      {(body) => (
        <>
          {items(body).length === 0 && <p className="quiet">{none}</p>}
          <ul className="lines">
            {items(body).map((item) => (
              <li key={keyOf(item)}>{children(item)}</li>
            ))}
          </ul>
          {hasMore(body, limit) && limit < MAX_SHOWN && (
            <Button size="md" variant="default" onClick={() => setLimit(limit + STEP)}>
              {texts.showMore}
            </Button>
          )}
          {hasMore(body, limit) && limit >= MAX_SHOWN && <p className="quiet">{texts.shownLimit(count(limit))}</p>}
        </>
      )}
    </Loaded>
  );
}
