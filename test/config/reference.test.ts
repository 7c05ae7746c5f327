// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { load, problems, TASK } from "./fixture.ts";

const PAIR = `
[[tasks]]
name = "conflict"
family = "pairs"
input = "pair"
labels = ["yes", "no"]
`;

/** A dataset with one map of the given lines; the map's header is line 15 of the file. */
function mapped(...lines: string[]): string {
  return `${TASK}${PAIR}[[datasets]]\nname = "d"\nkind = "local"\npath = "x.csv"\n[[datasets.map]]\n${lines.join("\n")}\n`;
}

function dataset(...lines: string[]): string {
  return `${TASK}[[datasets]]\n${lines.join("\n")}\n[[datasets.map]]\nrole = "seed"\ntext = "t"\n`;
}

function section(name: string, ...lines: string[]): string {
  return `[${name}]\n${lines.join("\n")}\n${TASK}`;
}

/** A dataset with texts that no label of `mood` fits. */
const OUTSIDE = `[[datasets]]
name = "outside"
kind = "local"
path = "o.jsonl"
[[datasets.map]]
role = "out_of_scope"
task = "mood"
text = "t"
`;

describe("tasks", () => {
  it.each<[string, string, string]>([
    [
      "no task",
      "[train]\nmax_iter = 3\n",
      "file no [[tasks]]: a pipeline needs one at least | add a [[tasks]] with name, family and labels, as the README shows",
    ],
    [
      "an empty file",
      "",
      "file no [[tasks]]: a pipeline needs one at least | add a [[tasks]] with name, family and labels, as the README shows",
    ],
    [
      "an empty list",
      "tasks = []",
      "1:9 tasks must be a list that is not empty, got an empty list | The closed questions.",
    ],
    [
      "a table for the list",
      "[tasks]\nname = 'a'",
      "1:2 tasks must be a list that is not empty, got a table | The closed questions.",
    ],
    [
      "two of one name",
      `${TASK}${TASK}`,
      '8:8 two tasks have the name "mood" | give each task a name of its own',
    ],
    [
      "a bad name",
      TASK.replace("mood", "Mood"),
      '3:8 tasks[0].name must be a name of a to z, 0 to 9 and _ that starts with a letter (64 characters at most), got "Mood" | Name of the task; unique.',
    ],
    [
      "a path for a name",
      TASK.replace("router", "../x"),
      '4:10 tasks[0].family must be a name of a to z, 0 to 9 and _ that starts with a letter (64 characters at most), got "../x" | The family that it is trained in: tasks of a family share features and a model file.',
    ],
    [
      "a reserved task",
      TASK.replace("mood", "con"),
      '3:8 task "con" is a reserved file name on Windows | choose another name',
    ],
    [
      "a reserved family",
      TASK.replace("router", "com1"),
      '4:10 family "com1" is a reserved file name on Windows | choose another name',
    ],
    [
      "a label twice",
      TASK.replace('"bad"', '"bad", { name = "good" }'),
      '5:35 task "mood" has the label "good" twice | remove one',
    ],
    [
      "a label that no model file takes",
      TASK.replace('"bad"', `"${"x".repeat(4097)}", { name = "${"y".repeat(4096)}" }`),
      '5:19 task "mood" has a label of 4097 characters; at most 4096 go into a model | give it a short name, and the long one as its description; label_map maps the rows',
    ],
    [
      "more tasks than a model file takes",
      Array.from({ length: 258 }, (_, i) => TASK.replace("mood", `mood${i}`)).join(""),
      '1284:10 family "router" has more than 256 tasks | put some of them into another family',
    ],
    [
      "an empty label",
      TASK.replace('"bad"', '""'),
      '5:19 tasks[0].labels[1] must be text that is not empty or a table, got "" | One answer: its name, or a table of name and description.',
    ],
    [
      "a label with another key",
      TASK.replace('"bad"', '{ name = "b", desc = "x" }'),
      "5:33 unknown key tasks[0].labels[1].desc | did you mean description?",
    ],
    [
      "a label without a name",
      TASK.replace('"bad"', '{ description = "x" }'),
      "5:19 tasks[0].labels[1].name is missing | Name of the label; any text but the empty one.",
    ],
    [
      "no labels",
      TASK.replace(/labels.*/, ""),
      "2:3 tasks[0].labels is missing | The answers; their order is the order of classes everywhere.",
    ],
    [
      "a default that is no label",
      `${TASK}default = "goood"`,
      '6:11 the default "goood" is not a label of task "mood" | did you mean "good"?',
    ],
    [
      "two ways to be unsure",
      `${TASK}min_confidence = 0.5\ntarget_precision = 0.9`,
      '6:18 task "mood" has both target_precision and min_confidence | target_precision fits the confidence, min_confidence sets it by hand: keep one',
    ],
    [
      "two ways to be unsure of what is out of scope",
      `${TASK}min_confidence = 0.5\ntarget_out_of_scope_recall = 0.9\n${OUTSIDE}`,
      '6:18 task "mood" has both target_out_of_scope_recall and min_confidence | target_out_of_scope_recall fits the confidence, min_confidence sets it by hand: keep one',
    ],
    [
      "a target for texts that no map brings",
      `${TASK}target_out_of_scope_recall = 0.9`,
      '6:30 task "mood" has target_out_of_scope_recall and no map of role "out_of_scope" | add a [[datasets.map]] with role = "out_of_scope" and texts that no label of it fits',
    ],
    [
      "two kinds of input",
      `${TASK}${PAIR.replace("pairs", "router")}`,
      '10:9 family "router" has two kinds of input: task "mood" reads "text", task "conflict" "pair" | put one of them into a family of its own',
    ],
    [
      "another objective",
      `${TASK}objective = "regression"`,
      '6:13 tasks[0].objective must be "classification", got "regression" | What the task learns.',
    ],
  ])("%s", (_, toml, expected) => {
    expect(problems(toml)).toEqual([expected]);
  });

  it("takes labels whose NFC and NFD forms differ", () => {
    expect(problems(TASK.replace('"bad"', '"caf\u00e9", "cafe\u0301"'))).toEqual([]);
  });
});

describe("settings", () => {
  it.each<[string, string, string]>([
    [
      "all ratios 0",
      section("prepare", "train_ratio = 0", "test_ratio = 0", "eval_ratio = 0"),
      "2:15 prepare.train_ratio, test_ratio and eval_ratio are all 0 | give each split its share, as in 0.8, 0.1 and 0.1",
    ],
    [
      "a negative ratio",
      section("prepare", "eval_ratio = -0.1"),
      "2:14 prepare.eval_ratio must be a number from 0 to 1000000, got -0.1 | Share of eval, for tasks without official eval rows.",
    ],
    [
      "no train rows",
      section("prepare", "train_ratio = 0"),
      "2:15 prepare.train_ratio must be above 0, got 0 | without train rows nothing is learned",
    ],
    [
      "not a number",
      section("prepare", "eval_ratio = nan"),
      "2:14 prepare.eval_ratio must be a number from 0 to 1000000, got NaN | Share of eval, for tasks without official eval rows.",
    ],
    [
      "a huge seed",
      section("prepare", "seed = 9223372036854775807"),
      "2:8 prepare.seed must be a whole number from 0 to 4294967295, got 9223372036854775807 | Seed of every choice that prepare makes.",
    ],
    [
      "a quoted number",
      section("train", 'max_iter = "10"'),
      '2:12 train.max_iter must be a whole number from 1 to 100000, got "10" | write it without quotes',
    ],
    [
      "a mistyped word",
      section("train", 'calibration_method = "isotonik"'),
      '2:22 train.calibration_method must be one of "temperature", "isotonic", "sigmoid" or "none", got "isotonik" | did you mean "isotonic"?',
    ],
    [
      "a date",
      section("train", "alpha = 2020-01-01"),
      '2:9 train.alpha must be "auto" or a number above 0 and at most 1000, got a date | Strength of L2: the objective is mean loss + alpha/2 |w|^2. `auto` lets eval choose from a short list.',
    ],
    [
      "a value for a section",
      `train = 3\n${TASK}`,
      "1:9 train must be a table, got 3 | How models are fitted.",
    ],
    [
      "DESIGN.md's example",
      section("train", "ngram_min = 2", "ngram_max = 1"),
      "3:13 train.ngram_max must be at least train.ngram_min (2), got 1 | raise ngram_max or lower ngram_min",
    ],
    [
      "one end of a range only",
      section("train", "char_ngram_min = 7"),
      "2:18 train.char_ngram_max must be at least train.char_ngram_min (7), got 5 | raise char_ngram_max or lower char_ngram_min",
    ],
    [
      "no features",
      section("train", "ngram_max = 0", "char_ngram_max = 0"),
      "2:13 ngram_max and char_ngram_max are both 0: no features are left | leave one of them above 0",
    ],
    [
      "an unknown family",
      section("train", 'families = ["routr"]'),
      '2:13 train.families names "routr", a family without tasks | did you mean "router"?',
    ],
    [
      "a family twice",
      section("train", 'families = ["router", "router"]'),
      '2:23 family "router" stands twice | remove one',
    ],
    [
      "an override of an unknown family",
      section('train.overrides."family.x"', "alpha = 1"),
      '1:2 train.overrides is about an unknown family "x" | the families are "router"',
    ],
    [
      "an override of an unknown task",
      section('train.overrides."task.moood"', "alpha = 1"),
      '1:2 train.overrides is about an unknown task "moood" | did you mean "mood"?',
    ],
    [
      "features of a task",
      section('train.overrides."task.mood"', "max_features = 1"),
      '2:1 unknown key train.overrides."task.mood".max_features | a task may set alpha, max_iter, class_weight, synthetic_filter, calibration_method, calibration_split; set max_features for its family, under [train.overrides."family.<name>"]',
    ],
    [
      "workers of a family",
      section('train.overrides."family.router"', "workers = 1"),
      '2:1 unknown key train.overrides."family.router".workers | workers belongs under [train]',
    ],
    [
      "an override without quotes",
      section("train.overrides.family.router", "alpha = 1"),
      '1:2 unknown key train.overrides.family | write [train.overrides."family.<name>"] or [train.overrides."task.<name>"], quotes included',
    ],
    [
      "a wrong value in an override",
      section('train.overrides."task.mood"', "alpha = 0"),
      '2:9 train.overrides."task.mood".alpha must be "auto" or a number above 0 and at most 1000, got 0 | Strength of L2: the objective is mean loss + alpha/2 |w|^2. `auto` lets eval choose from a short list.',
    ],
    [
      "a range of a family",
      section('train.overrides."family.router"', "ngram_max = 1", "ngram_min = 2"),
      '2:13 train.overrides."family.router".ngram_max must be at least train.overrides."family.router".ngram_min (2), got 1 | raise ngram_max or lower ngram_min',
    ],
    [
      "one folder for two things",
      section("paths", 'prepared_dir = "a"', 'trained_models_dir = "./a/"'),
      '3:22 paths.prepared_dir and paths.trained_models_dir are one folder: "a" | datasets and models have versions of their own: give each a folder',
    ],
    [
      "NUL in a path",
      section("paths", 'prepared_dir = "a\\u0000"'),
      '2:16 paths.prepared_dir must be a path without control characters, got "a\\u0000" | Folder of the prepared datasets, one subfolder a version.',
    ],
    [
      "a cost without prices",
      section("synthetic_llm", "max_cost_usd = 1", "price_input_per_million = 1"),
      "2:16 synthetic_llm.max_cost_usd needs synthetic_llm.price_output_per_million | give both prices; 0 is a price",
    ],
    [
      "languages without weights",
      section("multilingual", "enabled = true"),
      "2:11 multilingual.enabled is true, and no language has a weight above 0 | add weights, as in weights = { en = 0.7, de = 0.3 }",
    ],
    [
      "a language that is none",
      section("multilingual", "weights = { English = 1 }"),
      '2:13 unknown key multilingual.weights.English | a key here is a language code such as "en" or "pt-BR"',
    ],
  ])("%s", (_, toml, expected) => {
    expect(problems(toml)).toEqual([expected]);
  });
});

describe("unknown keys", () => {
  it.each<[string, string, string]>([
    [
      "a slip",
      section("prepare", "tarin_ratio = 1"),
      "2:1 unknown key prepare.tarin_ratio | did you mean train_ratio?",
    ],
    ["camel case", section("train", "maxIter = 1"), "2:1 unknown key train.maxIter | did you mean max_iter?"],
    [
      "a longer name",
      section("train", "max_iterations = 1"),
      "2:1 unknown key train.max_iterations | did you mean max_iter?",
    ],
    [
      "a key of another section",
      section("prepare", "alpha = 1"),
      "2:1 unknown key prepare.alpha | alpha belongs under [train]",
    ],
    [
      "a slip of another section's key",
      section("multilingual", "calibration_metod = 1"),
      "2:1 unknown key multilingual.calibration_metod | did you mean calibration_method, which belongs under [train]?",
    ],
    [
      "nothing like it",
      section("multilingual", "zzzzzzz = 1"),
      "2:1 unknown key multilingual.zzzzzzz | the keys here are enabled, weights",
    ],
    ["a section", `[trian]\n${TASK}`, "1:2 unknown section or key trian | did you mean train?"],
    ["the singular", `[[dataset]]\n${TASK}`, "1:3 unknown section or key dataset | did you mean datasets?"],
    [
      "a key of a section at the top",
      `max_iter = 3\n${TASK}`,
      "1:1 unknown section or key max_iter | max_iter belongs under [train]",
    ],
    [
      "a key of the dataset below its map",
      mapped('role = "seed"', 'text = "t"', 'revision = "main"'),
      "19:1 unknown key datasets[0].map[0].revision | revision belongs under [[datasets]], above its first [[datasets.map]]",
    ],
  ])("%s", (_, toml, expected) => {
    expect(problems(toml)).toEqual([expected]);
  });
});

describe("datasets", () => {
  it.each<[string, string, string]>([
    [
      "local without a path",
      dataset('name = "d"', 'kind = "local"'),
      '6:3 dataset "d" has no path | add path = "file.csv", a glob, or a list',
    ],
    [
      "the Hub without a name",
      dataset('name = "d"', 'kind = "huggingface"'),
      '6:3 dataset "d" has no dataset_id | add dataset_id = "owner/name"',
    ],
    [
      "the Hub with a link to elsewhere",
      dataset('name = "d"', 'link = "https://example.com/x"'),
      '8:8 dataset "d" has no dataset_id, and its link is not the page of a dataset on the Hub | add dataset_id = "owner/name", or link = "https://huggingface.co/datasets/owner/name"',
    ],
    [
      "the Hub with a link to a model",
      dataset('name = "d"', 'link = "https://huggingface.co/owner/name"'),
      '8:8 dataset "d" has no dataset_id, and its link is not the page of a dataset on the Hub | add dataset_id = "owner/name", or link = "https://huggingface.co/datasets/owner/name"',
    ],
    [
      "a name on the Hub that climbs",
      dataset('name = "d"', 'dataset_id = "../x"'),
      '8:14 datasets[0].dataset_id must be a name on the Hub such as "owner/name", got "../x" | The Hub\'s name of it, `owner/name`.',
    ],
    [
      "a key of the other kind",
      dataset('name = "d"', 'kind = "local"', 'path = "x"', 'dataset_id = "a/b"'),
      '10:1 dataset "d" is of kind "local" and has the key dataset_id, which is for "huggingface" | remove dataset_id, or write kind = "huggingface"',
    ],
    [
      "a path that is a URL",
      dataset('name = "d"', 'kind = "local"', 'path = ["a", "https://x.y/z.csv"]'),
      '9:14 path is a URL: "https://x.y/z.csv" | download it, and name the file',
    ],
    [
      "a delimiter of another kind",
      dataset('name = "d"', 'kind = "local"', 'path = "x.csv"', 'delimiter = ";;"'),
      '10:13 datasets[0].delimiter must be one of ",", ";", "|" or "\\t", got ";;" | did you mean ";"?',
    ],
    [
      "no name",
      dataset('kind = "local"', 'path = "x"'),
      "6:3 datasets[0].name is missing | Name of the dataset; unique.",
    ],
    [
      "no map",
      `${TASK}[[datasets]]\nname = "d"\nkind = "local"\npath = "x"\n`,
      '6:3 dataset "d" has no [[datasets.map]]: nothing would be taken from it | add a map with task, text and label, or write enabled = false',
    ],
    [
      "two of one name",
      `${dataset('name = "d"', 'kind = "local"', 'path = "x"')}${dataset('name = "d"', 'kind = "local"', 'path = "x"').replace(TASK, "")}`,
      '14:8 two datasets have the name "d" | give each dataset a name of its own',
    ],
  ])("%s", (_, toml, expected) => {
    expect(problems(toml)).toEqual([expected]);
  });

  it("may be disabled without a map", () => {
    expect(
      problems(`${TASK}[[datasets]]\nname = "d"\nkind = "local"\npath = "x"\nenabled = false\n`),
    ).toEqual([]);
  });
});

describe("maps", () => {
  it.each<[string, string[]]>([
    ["a constant", ['task = "mood"', 'text = "t"', 'label = "good"']],
    [
      "a column",
      [
        'task = "mood"',
        'text = "t"',
        'label_column = "l"',
        'label_map = { "10" = "good" }',
        'where = "x > 1"',
      ],
    ],
    ["a pair", ['task = "conflict"', 'text_a = "a"', 'text_b = "b"', 'label_column = "l"', 'role = "test"']],
    ["SQL", ['task = "mood"', 'sql = "SELECT a AS text, b AS label FROM source"', 'language = "en"']],
    ["SQL and constants", ['task = "mood"', 'sql = "SELECT 1 AS text"', 'label = "bad"', 'where = "x"']],
    ["seeds", ['role = "seed"', 'text = "t"']],
    ["seeds that are pairs", ['role = "seed"', 'text_a = "t"', 'text_b = "u"']],
    ["seeds of a task", ['role = "seed"', 'task = "mood"', 'text = "t"', 'label = "bad"']],
    ["out of scope", ['role = "out_of_scope"', 'task = "mood"', 'text = "t"']],
  ])("takes %s", (_, lines) => {
    expect(problems(mapped(...lines))).toEqual([]);
  });

  it.each<[string, string[], string[]]>([
    [
      "an unknown task",
      ['task = "mod"', 'text = "t"', 'label = "good"'],
      ['17:8 unknown task "mod" | did you mean "mood"?'],
    ],
    [
      "no task",
      ['text = "t"', 'label = "good"'],
      ['16:3 a map of role "train" needs a task | add task, the name of a [[tasks]]'],
    ],
    [
      "a wrong label",
      ['task = "mood"', 'text = "t"', 'label = "goood"'],
      ['19:9 "goood" is not a label of task "mood" | did you mean "good"?'],
    ],
    [
      "a wrong label in a label_map",
      [
        'task = "mood"',
        'text = "t"',
        'label_column = "l"',
        'label_map = { a = "good", __proto__ = "constructor" }',
      ],
      ['20:39 "constructor" is not a label of task "mood" | the labels are "good", "bad"'],
    ],
    [
      "a label_map with dots",
      ['task = "mood"', 'text = "t"', 'label_column = "l"', "label_map = { 1.5 = 'good' }"],
      [
        "20:15 datasets[0].map[0].label_map.1 must be text that is not empty, got a table | A label of the task.",
      ],
    ],
    [
      "text for a pair",
      ['task = "conflict"', 'text = "t"', 'label = "no"'],
      [
        '18:1 task "conflict" reads pairs: its map takes text_a and text_b, not text | name the columns with text_a and text_b',
      ],
    ],
    [
      "a pair for one text",
      ['task = "mood"', 'text_a = "t"', 'text_b = "u"', 'label = "bad"'],
      [
        '18:1 task "mood" reads one text: its map takes text, not text_a and text_b | name the columns with text',
      ],
    ],
    [
      "half a pair",
      ['task = "conflict"', 'text_a = "t"', 'label = "no"'],
      ['16:3 task "conflict" reads pairs: the map needs text_b | name the column, or write sql'],
    ],
    [
      "both",
      ['task = "mood"', 'text = "t"', 'text_a = "u"', 'label = "bad"'],
      ["18:1 a map has both text and text_a or text_b | text is for one text, text_a and text_b for pairs"],
    ],
    [
      "no text",
      ['task = "mood"', 'label = "bad"'],
      ['16:3 task "mood" reads one text: the map needs text | name the column, or write sql'],
    ],
    [
      "SQL and columns",
      ['task = "mood"', 'sql = "SELECT 1"', 'text = "t"', 'group_column = "g"'],
      [
        "19:1 a map has both sql and text, group_column | a SELECT names its own columns, text (or text_a, text_b), label, language and group: keep sql or the other keys",
      ],
    ],
    [
      "no label",
      ['task = "mood"', 'text = "t"', 'role = "eval"'],
      [
        '16:3 a map of role "eval" needs label or label_column | add label = "…" for all rows, or label_column = "…"',
      ],
    ],
    [
      "two labels",
      ['task = "mood"', 'text = "t"', 'label = "bad"', 'label_column = "l"'],
      ["19:1 a map has both label and label_column | label is a constant for all rows; keep one"],
    ],
    [
      "label_map alone",
      ['task = "mood"', 'text = "t"', 'label_map = { a = "good" }'],
      ["19:1 label_map needs label_column | name the column whose values it maps"],
    ],
    [
      "a label out of scope",
      ['role = "out_of_scope"', 'task = "mood"', 'text = "t"', 'label = "good"'],
      ['20:1 a map of role "out_of_scope" has no label, got label | remove label'],
    ],
    [
      "two languages",
      ['role = "seed"', 'text = "t"', 'language = "en"', 'language_column = "l"'],
      ["19:1 a map has both language and language_column | keep one"],
    ],
    ...["test", "eval", "seed"].map((role): [string, string[], string[]] => [
      `rows of role ${role} that an LLM labelled`,
      [`role = "${role}"`, 'task = "mood"', 'text = "t"', 'label = "good"', 'origin = "llm_labelled"'],
      [
        `21:1 a map of role "${role}" has origin "real", got "llm_labelled" | rows that an LLM labelled go to train only: role = "train", or leave origin out`,
      ],
    ]),
    [
      "an origin that no map has",
      ['task = "mood"', 'text = "t"', 'label = "good"', 'origin = "synthetic"'],
      [
        '20:10 datasets[0].map[0].origin must be "real" or "llm_labelled", got "synthetic" | Who labelled the rows: the source itself (real), or an LLM (llm_labelled). Rows that an LLM labelled go to train only and are counted apart; a map of them has the role train.',
      ],
    ],
    [
      "a wrong role, and nothing that follows from it",
      ['role = "trian"', 'task = "mood"', 'text = "t"'],
      [
        '17:8 datasets[0].map[0].role must be one of "train", "test", "eval", "seed" or "out_of_scope", got "trian" | did you mean "train"?',
      ],
    ],
    [
      "a mistyped key, and nothing that follows from it",
      ['task = "mood"', 'txet = "t"', 'label = "good"'],
      ["18:1 unknown key datasets[0].map[0].txet | did you mean text?"],
    ],
  ])("refuses %s", (_, lines, expected) => {
    expect(problems(mapped(...lines))).toEqual(expected);
  });
});

describe("all at once", () => {
  it("shows problems of every kind together, and none twice", () => {
    const found = problems(`[prepare]
tarin_ratio = 1
[train]
max_iter = 0
ngram_max = 1
ngram_min = 2
${TASK}default = "x"
[[datasets]]
name = "d"
kind = "local"
path = "x"
[[datasets.map]]
task = "moood"
text = "t"
label = "good"
`);
    expect(found.map((problem) => problem.split(" ")[0]).sort()).toEqual([
      "12:11",
      "18:8",
      "2:1",
      "4:12",
      "5:13",
    ]);
  });

  it("checks what refers to a task that has another problem", () => {
    const toml = mapped('task = "mood"', 'text = "t"', 'label = "goood"').replace(
      "[[tasks]]",
      '[[tasks]]\ndefualt = "x"',
    );
    expect(problems(toml).map((problem) => problem.split(" ")[0])).toEqual(["3:1", "20:9"]);
  });

  it("does not blame references to a task that could not be read", () => {
    const toml = `[train]\nfamilies = ["router"]\n${mapped('task = "mood"', 'text = "t"', 'label = "good"').replace('"bad"', "3")}`;
    expect(problems(toml).map((problem) => problem.split(" ")[1])).toEqual(["tasks[0].labels[1]"]);
  });
});

it("a valid config of every key loads", () => {
  const { config } = load(
    `[multilingual]\nenabled = true\nweights = { en = 1, "pt-BR" = 2 }\n${mapped('task = "mood"', 'text = "t"', 'label = "good"')}`,
  );
  expect(config.multilingual.weights).toEqual(
    new Map([
      ["en", 1],
      ["pt-BR", 2],
    ]),
  );
});
