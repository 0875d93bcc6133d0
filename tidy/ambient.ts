import ts from "typescript";
import { forEachNode, isCode, isForTests, packageOf, type Rule, violationAt } from "./source.ts";

/** Reading them gives another answer each time, so whoever does cannot be simulated. */
const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  Date: ["now"],
  performance: ["now"],
  process: ["hrtime"],
  Math: ["random"],
  crypto: ["randomUUID", "randomUUIDv7", "randomBytes", "randomInt", "getRandomValues"],
  AbortSignal: ["timeout"],
  Temporal: ["Now"],
};
const FUNCTIONS = ["setTimeout", "setInterval", "setImmediate", "fetch"];
const NAMED_IMPORTS = [...(MEMBERS.crypto ?? []), ...FUNCTIONS];
const MODULES = /^(node:)?(timers(\/promises)?|perf_hooks)$/;

/** Time, chance and the network come through ports only, so that the whole system can be simulated. */
export const noAmbientSources: Rule = (files) =>
  files
    .filter((file) => isCode(file.path) && mustBePure(file.path))
    .flatMap((file) => {
      const found: ReturnType<Rule> = [];
      forEachNode(file, (node) => {
        const what = ambientSource(node);
        if (what !== undefined)
          found.push(violationAt(file, node, `${what}: time, chance and network come through a port`));
      });
      return found;
    });

function mustBePure(path: string): boolean {
  const name = packageOf(path);
  // The simulated world has no test that may cheat: a seed has to give the same run every time.
  if (name === "sim") return true;
  if (isForTests(path)) return false;
  if (path.startsWith("packages/server/src/ingest/")) return true;
  if (/^packages\/engine\/src\/(system|sqlite)\//.test(path)) return false;
  return name === "protocol" || name === "lanes" || name === "engine";
}

function ambientSource(node: ts.Node): string | undefined {
  if (ts.isNewExpression(node) && isNamed(node.expression, "Date") && (node.arguments ?? []).length === 0)
    return "new Date()";
  if (ts.isCallExpression(node) && isNamed(node.expression, "Date")) return "Date()";
  if (ts.isPropertyAccessExpression(node)) return ambientMember(node);
  if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier))
    return ambientModule(node.moduleSpecifier.text);
  if (ts.isImportSpecifier(node)) {
    const imported = (node.propertyName ?? node.name).text;
    return NAMED_IMPORTS.includes(imported) ? imported : undefined;
  }
  return ts.isIdentifier(node) && FUNCTIONS.includes(node.text) && isReference(node) ? node.text : undefined;
}

function ambientMember(node: ts.PropertyAccessExpression): string | undefined {
  const owner = ts.isPropertyAccessExpression(node.expression) ? node.expression.name.text : node.expression.getText();
  if (owner === "globalThis" && FUNCTIONS.includes(node.name.text)) return node.getText();
  return MEMBERS[owner]?.includes(node.name.text) === true ? `${owner}.${node.name.text}` : undefined;
}

function ambientModule(specifier: string): string | undefined {
  return MODULES.test(specifier) ? `import of ${specifier}` : undefined;
}

function isNamed(node: ts.Expression, name: string): boolean {
  return ts.isIdentifier(node) && node.text === name;
}

/** False where the name is only somebody's own: a member, a parameter, a key, a type. */
function isReference(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isShorthandPropertyAssignment(parent)) return true;
  if (ts.isPropertyAssignment(parent)) return parent.initializer === node;
  if (ts.isTypeQueryNode(parent) || ts.isImportSpecifier(parent) || ts.isExportSpecifier(parent)) return false;
  return !isDeclaredName(parent, node) && !declaresInScope(node);
}

function isDeclaredName(parent: ts.Node, node: ts.Identifier): boolean {
  return "name" in parent && parent.name === node;
}

/** True when an enclosing function has a parameter of that name: then it is a port handed in, which is the point. */
function declaresInScope(node: ts.Identifier): boolean {
  for (let scope: ts.Node | undefined = node.parent; scope !== undefined; scope = scope.parent) {
    if (ts.isFunctionLike(scope) && scope.parameters.some((parameter) => bindsName(parameter.name, node.text)))
      return true;
  }
  return false;
}

function bindsName(name: ts.BindingName, wanted: string): boolean {
  if (ts.isIdentifier(name)) return name.text === wanted;
  return name.elements.some((element) => ts.isBindingElement(element) && bindsName(element.name, wanted));
}
