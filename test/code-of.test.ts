// What is code and what is not, as the house rules see it.

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are code, with templates in it
import { describe, expect, test } from "bun:test";
import { codeOf } from "./code-of.ts";

describe("codeOf", () => {
  test.each([
    ["a line comment", "a(); // Date.now()\nb();", "a();              \nb();"],
    ["a block comment over lines", "a(); /* x\ny */ b();", "a();     \n     b();"],
    ["a string", 'a("Date.now()");', 'a("          ");'],
    ["a string with a quote inside", 'a("\\"x"); b', 'a("   "); b'],
    ["a string that looks like a comment", 'a("//x"); b', 'a("   "); b'],
    ["a template, not the code in it", "`x ${a(`y`)} z`; b", "`  ${a(` `)}  `; b"],
    ["braces inside a template's code", "`${{ a: 1 }.a} z`; b", "`${{ a: 1 }.a}  `; b"],
    ["a regular expression with a slash in its class", "x = /[/'\"]/; b", "x = /     /; b"],
    ["a regular expression after return", "return /'/.test(b)", "return / /.test(b)"],
    ["no division", "x = a / b / c; // d", "x = a / b / c;     "],
    ["no division after a call", "x = f(a) / 2 / '1'", "x = f(a) / 2 / ' '"],
  ])("blanks %s", (_, text, code) => {
    expect(codeOf(text)).toBe(code);
  });

  test("keeps strings where asked", () => {
    expect(codeOf('import a from "./a.ts"; // b', "kept")).toBe('import a from "./a.ts";     ');
  });

  test("keeps every index in place", () => {
    const text = "const a = `é${'𝄞'}`; /* 𝄞 */ b();";
    expect(codeOf(text).indexOf("b()")).toBe(text.indexOf("b()"));
  });
});
