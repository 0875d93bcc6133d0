import ts from "typescript";

/** One file of the tree; `path` is from the root, with `/`. */
export interface SourceText {
  readonly path: string;
  readonly text: string;
}

export interface Violation {
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

/** A rule of style: what in these files is against it. */
export type Rule = (files: readonly SourceText[]) => Violation[];

export function isCode(path: string): boolean {
  return /\.(ts|tsx|mts|cts|js|jsx|mjs|cjs)$/.test(path);
}

export function isTest(path: string): boolean {
  return /\.test\.tsx?$/.test(path);
}

/** Test files and the code that only tests import: helpers in `testing/`, suites that ports must pass in `contract/`. */
export function isForTests(path: string): boolean {
  return isTest(path) || /\/(testing|contract)\//.test(path);
}

/** Folder of the package the file belongs to: `server` for `packages/server/src/x.ts`. */
export function packageOf(path: string): string | undefined {
  return /^packages\/([^/]+)\//.exec(path)?.[1];
}

/** Written by a program (protobuf): its size and names are not ours. */
export function isGenerated(file: SourceText): boolean {
  return file.text.slice(0, 400).includes("@generated");
}

const parsed = new WeakMap<SourceText, ts.SourceFile>();

export function parse(file: SourceText): ts.SourceFile {
  let tree = parsed.get(file);
  if (tree === undefined) {
    tree = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.Latest, true);
    parsed.set(file, tree);
  }
  return tree;
}

/** Calls `visit` for every node of the file, parents first. */
export function forEachNode(file: SourceText, visit: (node: ts.Node) => void): void {
  const walk = (node: ts.Node): void => {
    visit(node);
    ts.forEachChild(node, walk);
  };
  walk(parse(file));
}

/** `describe` for `describe`, `describe.each(cases)` and `describe.concurrent`. */
export function rootName(node: ts.Expression): string | undefined {
  if (ts.isIdentifier(node)) return node.text;
  if (ts.isPropertyAccessExpression(node) || ts.isCallExpression(node)) return rootName(node.expression);
  return undefined;
}

export function violationAt(file: SourceText, node: ts.Node, message: string): Violation {
  return { path: file.path, line: lineOf(parse(file), node.getStart(parse(file))), message };
}

export function lineOf(tree: ts.SourceFile, position: number): number {
  return tree.getLineAndCharacterOfPosition(position).line + 1;
}

export function describeViolation({ path, line, message }: Violation): string {
  return `${path}:${line}: ${message}`;
}
