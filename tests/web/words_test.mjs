// What the screens say stands in catalogues, as pairs of Japanese and English:
// a word or a mark that stands anywhere else would be shown to everybody alike.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";

const client = new URL("../../clients/web/", import.meta.url).pathname;
const ts = createRequire(`${client}package.json`)("typescript");

// Letters and marks of Japanese, full-width ones among them.
const japanese = /[\u3000-\u30ff\u4e00-\u9fff\uff00-\uffef・]/;
// Two letters are a word; one names a key.
const word = /\p{L}{2}/u;
// What a person reads of an element besides its content.
const shown = new Set(["alt", "aria-label", "label", "placeholder", "title"]);

function isPair({ parent }) {
  return ts.isArrayLiteralExpression(parent) && parent.elements.length === 2 && parent.elements.every(ts.isStringLiteralLike);
}

// The words of one file that only one language has.
function strayWords(text, name) {
  const file = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX);
  const found = [];
  const visit = (node) => {
    const isText = ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node);
    const isRead = ts.isJsxText(node) || (ts.isStringLiteral(node) && ts.isJsxAttribute(node.parent) && shown.has(node.parent.name.getText()));
    if (isText && japanese.test(node.text) && !isPair(node)) found.push(node);
    else if (isRead && (japanese.test(node.text) || word.test(node.text))) found.push(node);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found.map((node) => `${name}:${file.getLineAndCharacterOfPosition(node.getStart()).line + 1}: ${node.text.trim()}`);
}

test("every word of the screens stands in a catalogue, in both languages", () => {
  const source = join(client, "src");
  const files = readdirSync(source, { recursive: true }).filter((name) => /\.tsx?$/.test(name) && !name.startsWith("gen/"));
  assert.ok(files.length > 50);
  assert.deepEqual(files.flatMap((name) => strayWords(readFileSync(join(source, name), "utf8"), name)), []);
});

test("a word that stands elsewhere is found", () => {
  const found = (text) => strayWords(text, "a.tsx").length;
  assert.equal(found('const t = catalogue({ a: ["右", "right"] });'), 0);
  assert.equal(found("const a = /[;；]/; // 注"), 0);
  assert.equal(found("<kbd>N</kbd>"), 0);
  assert.equal(found("<p>{a}（{b}）</p>"), 2);
  assert.equal(found("<p>Why</p>"), 1);
  assert.equal(found('<Button label="Close" />'), 1);
  assert.equal(found('<Button tone="quiet" />'), 0);
  assert.equal(found("const a = `${b}・${c}`;"), 1);
  assert.equal(found('words.join("、")'), 1);
  assert.equal(found('const a = ["、", ", ", "; "];'), 1);
});
