# What the website does with a message, a line of JSON in and one out: Liquid's newline_to_br,
# then Jekyll's markdownify with its default settings (kramdown, GFM, no hard wraps).
require "json"
require "kramdown"
require "kramdown-parser-gfm"

OPTIONS = {
  input: "GFM", hard_wrap: false, auto_ids: true, footnote_nr: 1, entity_output: "as_char",
  toc_levels: (1..6).to_a, smart_quotes: "lsquo,rsquo,ldquo,rdquo", syntax_highlighter: nil
}.freeze

$stdout.sync = true
STDIN.each_line do |line|
  text = JSON.parse(line).fetch("text").gsub(/\r?\n/, "<br />\n")
  puts JSON.generate(Kramdown::Document.new(text, OPTIONS).to_html)
end
