import ts from "typescript";
import { forEachNode, isCode, isGenerated, type Rule, type SourceText, violationAt } from "./source.ts";

const DRAWERS = ["shared", "common", "utils"];
const BANNED_TYPE = /(Manager|Helpers?|Utils?|Impl)$|^Base[A-Z]/;
/** A manager is a person in a shop, so a variable may hold one. */
const BANNED_VALUE = /(Helpers?|Utils?|Impl)$/;
const BANNED_FILE = /(^|-)(manager|helpers?|utils?|impl)(\.|$)|^base-/;
const KEBAB = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9-]+)+$/;

/** No drawers to throw things into: a name says what the one thing is. */
export const pathNames: Rule = (files) =>
  files.flatMap((file) => {
    const folders = file.path.split("/");
    const name = folders.pop() ?? "";
    const drawer = folders.find((folder) => DRAWERS.includes(folder));
    const problems: string[] = [];
    if (drawer !== undefined) problems.push(`folder "${drawer}": put each thing where its one user is`);
    if (isCode(file.path) && BANNED_FILE.test(name)) problems.push(`file name "${name}" says nothing`);
    if (isCode(file.path) && !KEBAB.test(name)) problems.push(`file name "${name}" is not kebab-case`);
    return problems.map((message) => ({ path: file.path, line: 1, message }));
  });

export const declaredNames: Rule = (files) =>
  files.filter((file) => isCode(file.path) && !isGenerated(file)).flatMap(bannedDeclarations);

function bannedDeclarations(file: SourceText): ReturnType<Rule> {
  const found: ReturnType<Rule> = [];
  forEachNode(file, (node) => {
    const banned = bannedPattern(node);
    if (banned === undefined || !("name" in node)) return;
    const name = node.name as ts.Node | undefined;
    if (name === undefined || !ts.isIdentifier(name) || !banned.test(name.text)) return;
    found.push(violationAt(file, name, `name "${name.text}": say what it is`));
  });
  return found;
}

function bannedPattern(node: ts.Node): RegExp | undefined {
  if (ts.isClassLike(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return BANNED_TYPE;
  if (ts.isEnumDeclaration(node) || ts.isFunctionDeclaration(node) || ts.isModuleDeclaration(node)) return BANNED_TYPE;
  if (ts.isVariableDeclaration(node) || ts.isParameter(node) || ts.isMethodDeclaration(node)) return BANNED_VALUE;
  return undefined;
}
