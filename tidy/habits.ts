import ts from "typescript";
import { forEachNode, isCode, packageOf, type Rule, rootName, violationAt } from "./source.ts";

const MAY_PRINT = /^(packages\/cli|scripts|bench|examples)\//;
const LEFT_OUT = ["skip", "only", "todo"];
const TEST_WORDS = ["it", "test", "describe", "suite"];
const SHORT_FORMS = ["xit", "xtest", "xdescribe", "fit", "fdescribe"];

/** Only programs talk to a terminal; everything else has a log. */
export const noConsole: Rule = (files) =>
  files
    .filter((file) => isCode(file.path) && !MAY_PRINT.test(file.path))
    .flatMap((file) => {
      const found: ReturnType<Rule> = [];
      forEachNode(file, (node) => {
        if (!ts.isPropertyAccessExpression(node) || node.expression.getText() !== "console") return;
        const where = packageOf(file.path) === undefined ? "here" : "in this package";
        found.push(violationAt(file, node, `${node.getText()} ${where}: use the log`));
      });
      return found;
    });

/** A test that never runs proves nothing, and one that runs alone hides the others. `context.skip(why)` is listed. */
export const noSwitchedOffTests: Rule = (files) =>
  files
    .filter((file) => isCode(file.path))
    .flatMap((file) => {
      const found: ReturnType<Rule> = [];
      forEachNode(file, (node) => {
        const text = switchedOff(node);
        if (text !== undefined) found.push(violationAt(file, node, `${text}: run it, or context.skip("not run: why")`));
      });
      return found;
    });

function switchedOff(node: ts.Node): string | undefined {
  if (ts.isPropertyAccessExpression(node)) {
    const isTestWord = TEST_WORDS.includes(rootName(node.expression) ?? "");
    return isTestWord && LEFT_OUT.includes(node.name.text) ? node.getText() : undefined;
  }
  if (!ts.isCallExpression(node) || !ts.isIdentifier(node.expression)) return undefined;
  return SHORT_FORMS.includes(node.expression.text) ? node.expression.text : undefined;
}
