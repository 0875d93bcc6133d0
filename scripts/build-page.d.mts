/** Why there is no page of the present sources, in a sentence; undefined when there is one. */
export function buildPage(root: string): string | undefined;
