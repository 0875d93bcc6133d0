import { Command } from "commander";
import { expect, it } from "vitest";
import { COMMANDS, commandsFor } from "./every-command.ts";

const namesOf = (program: Command) => program.commands.map((command) => command.name());

it.each(Object.keys(COMMANDS))("%s is loaded alone when it is asked for, under its own name", async (name) => {
  const program = new Command();
  for (const add of await commandsFor(name)) add(program);
  expect(namesOf(program)).toEqual([name]);
});

it.each([undefined, "--help", "help", "selll", "toString"])("all commands are there for %j", async (name) => {
  const program = new Command();
  for (const add of await commandsFor(name)) add(program);
  expect(namesOf(program)).toEqual(Object.keys(COMMANDS));
});
