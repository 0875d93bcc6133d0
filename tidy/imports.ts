import { posix } from "node:path";
import ts from "typescript";
import { forEachNode, isCode, lineOf, packageOf, parse, type SourceText } from "./source.ts";

export interface Import {
  readonly file: SourceText;
  readonly specifier: string;
  readonly line: number;
}

/** What a specifier leads to. */
export type Target =
  | { readonly kind: "ours"; readonly package: string; readonly subpath: string }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "foreign"; readonly name: string };

/** Every import of every file: static, dynamic, re-export, `import("x").T` and `require`. */
export function importsOf(files: readonly SourceText[]): Import[] {
  return files.filter((file) => isCode(file.path)).flatMap(importsOfFile);
}

export function targetOf({ file, specifier }: Pick<Import, "file" | "specifier">): Target {
  if (specifier.startsWith(".")) return { kind: "file", path: posix.join(posix.dirname(file.path), specifier) };
  const [first = "", second = "", ...rest] = specifier.split("/");
  if (first === "@tillsync") return { kind: "ours", package: second, subpath: ["." as string, ...rest].join("/") };
  if (first === "tillsync")
    return { kind: "ours", package: "cli", subpath: [".", ...(second === "" ? [] : [second]), ...rest].join("/") };
  return { kind: "foreign", name: first.startsWith("@") ? `${first}/${second}` : first };
}

/** The package an import reaches, by name or by a path that leaves its own; undefined when it stays or is foreign. */
export function reachedPackage(entry: Import): string | undefined {
  const target = targetOf(entry);
  const reached = target.kind === "ours" ? target.package : target.kind === "file" ? packageOf(target.path) : undefined;
  return reached === packageOf(entry.file.path) ? undefined : reached;
}

function importsOfFile(file: SourceText): Import[] {
  const found: Import[] = [];
  forEachNode(file, (node) => {
    const specifier = specifierOf(node);
    if (specifier === undefined) return;
    const line = lineOf(parse(file), node.getStart(parse(file)));
    found.push({ file, specifier, line });
  });
  return found;
}

function specifierOf(node: ts.Node): string | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return literal(node.moduleSpecifier);
  if (ts.isImportTypeNode(node))
    return ts.isLiteralTypeNode(node.argument) ? literal(node.argument.literal) : undefined;
  if (!ts.isCallExpression(node)) return undefined;
  const { expression } = node;
  const loads =
    expression.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(expression) && expression.text === "require");
  return loads ? literal(node.arguments[0]) : undefined;
}

function literal(node: ts.Node | undefined): string | undefined {
  return node !== undefined && ts.isStringLiteralLike(node) ? node.text : undefined;
}
