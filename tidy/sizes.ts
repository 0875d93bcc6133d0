import ts from "typescript";
import {
  forEachNode,
  isCode,
  isGenerated,
  lineOf,
  parse,
  type Rule,
  rootName,
  type SourceText,
  violationAt,
} from "./source.ts";

const MAX_FILE_LINES = 400;
const MAX_FUNCTION_LINES = 70;

export const fileSize: Rule = (files) =>
  ownCode(files).flatMap((file) => {
    const lines = file.text.replace(/\n$/, "").split("\n").length;
    if (lines <= MAX_FILE_LINES) return [];
    return [{ path: file.path, line: 1, message: `${lines} lines; at most ${MAX_FILE_LINES}: split it` }];
  });

/** The callback of `describe` only groups tests, so its lines do not count, neither for itself nor for what holds it. */
export const functionSize: Rule = (files) =>
  ownCode(files).flatMap((file) => {
    const found: ReturnType<Rule> = [];
    forEachNode(file, (node) => {
      if (!isFunction(node) || isDescribeCallback(node)) return;
      const lines = ownLines(parse(file), node);
      if (lines <= MAX_FUNCTION_LINES) return;
      found.push(violationAt(file, node, `function ${nameOf(node)} has ${lines} lines; at most ${MAX_FUNCTION_LINES}`));
    });
    return found;
  });

function ownCode(files: readonly SourceText[]): SourceText[] {
  return files.filter((file) => isCode(file.path) && !isGenerated(file));
}

function isFunction(node: ts.Node): node is ts.FunctionLikeDeclaration {
  return ts.isFunctionLike(node) && "body" in node && node.body !== undefined;
}

function ownLines(tree: ts.SourceFile, node: ts.Node): number {
  let lines = linesOf(tree, node);
  const subtractGroups = (child: ts.Node): void => {
    if (isDescribeCallback(child)) lines -= linesOf(tree, child);
    else ts.forEachChild(child, subtractGroups);
  };
  ts.forEachChild(node, subtractGroups);
  return lines;
}

function linesOf(tree: ts.SourceFile, node: ts.Node): number {
  return lineOf(tree, node.end) - lineOf(tree, node.getStart(tree)) + 1;
}

function isDescribeCallback(node: ts.Node): boolean {
  const call = node.parent as ts.Node | undefined;
  if (call === undefined || !ts.isCallExpression(call) || node === call.expression) return false;
  return rootName(call.expression) === "describe";
}

function nameOf(node: ts.FunctionLikeDeclaration): string {
  if (node.name !== undefined) return node.name.getText();
  if (ts.isConstructorDeclaration(node)) return "constructor";
  const holder = node.parent;
  return ts.isVariableDeclaration(holder) || ts.isPropertyAssignment(holder) ? holder.name.getText() : "(no name)";
}
