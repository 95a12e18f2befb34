package asl

import (
	"github.com/perdure/perdure/asl/value"
)

// mapState reads what only Map states have (spec section 3.2).
func (p *parser) mapState(s *state, f fields) {
	m := &mapFields{body: &block{}}
	s.each = m
	x := exprs{state: s, lang: s.lang}
	f.exclusive("ItemProcessor", "Iterator")
	f.exclusive("ItemSelector", "Parameters")
	name := "ItemProcessor"
	if f.has("Iterator") {
		name = "Iterator"
	}
	if o, ok := f.required(name).object(name); ok {
		p.processor(m, fields{p: p, o: o, at: s.at + "/" + name})
	}
	if s.lang == JSONata {
		m.items = p.template(f, "Items", x)
		if v := f.get("Items"); v.Kind() == value.KindString && !isExpression(v.Str()) {
			p.schema("Expected value of type [ARRAY]", s.at+"/Items")
		}
	} else if f.has("ItemsPath") {
		m.itemsPath = p.path(f, "ItemsPath", x)
	}
	m.selector = p.template(f, "ItemSelector", x)
	if m.selector == nil && s.lang == JSONPath {
		m.selector = p.template(f, "Parameters", x)
	}
	for _, n := range []string{"MaxConcurrency", "ToleratedFailureCount", "ToleratedFailurePercentage"} {
		f.exclusive(n, n+"Path")
	}
	m.concurrency = p.scalar(f, "MaxConcurrency", x, 0, 1<<53)
	m.tolCount = p.scalar(f, "ToleratedFailureCount", x, 0, 1<<53)
	m.tolPercent = p.scalarNumber(f, "ToleratedFailurePercentage", x, 0, 100)
	p.label(m, f)
	p.itemReader(m, f, x)
	p.itemBatcher(m, f, x)
	p.resultWriter(m, f, x)
}

func (p *parser) processor(m *mapFields, f fields) {
	f.only(map[string]bool{"ProcessorConfig": true, "StartAt": true, "States": true, "Comment": true})
	if o, ok := f.object("ProcessorConfig"); ok {
		g := fields{p: p, o: o, at: f.at + "/ProcessorConfig"}
		g.only(map[string]bool{"Mode": true, "ExecutionType": true})
		mode, _ := g.oneOf("Mode", "INLINE", "DISTRIBUTED")
		m.distributed = mode == "DISTRIBUTED"
		kind, _ := g.oneOf("ExecutionType", "STANDARD", "EXPRESS")
		m.express = kind == "EXPRESS"
		if m.distributed && kind == "" && !g.has("ExecutionType") {
			g.required("ExecutionType")
		}
	}
	if m.distributed && p.opts.Express {
		p.schema("Express state machine does not support Distributed Map", f.at)
	}
	express := p.opts.Express
	p.opts.Express = express || m.distributed && m.express
	p.block(m.body, f, false)
	p.opts.Express = express
}

func (p *parser) itemReader(m *mapFields, f fields, x exprs) {
	o, ok := f.object("ItemReader")
	if !ok {
		return
	}
	g := fields{p: p, o: o, at: f.at + "/ItemReader", lang: f.lang}
	g.known(map[string]Language{"Resource": "", "ReaderConfig": "", "Parameters": JSONPath, "Arguments": JSONata}, false)
	r := &itemReader{}
	m.reader = r
	if arn, ok := g.required("Resource").text("Resource"); ok {
		r.resource = ParseResource(arn)
		p.resource(r.resource, g.at+"/Resource")
	}
	x.prefix = "ItemReader/"
	r.args = p.arguments(g, x)
	c, ok := g.object("ReaderConfig")
	if !ok {
		return
	}
	r.config = value.FromObject(c)
	h := fields{p: p, o: c, at: g.at + "/ReaderConfig", lang: f.lang}
	h.only(readerFields)
	h.oneOf("InputType", "CSV", "JSON", "JSONL", "PARQUET", "MANIFEST")
	h.oneOf("Transformation", "NONE", "LOAD_AND_FLATTEN")
	h.oneOf("ManifestType", "S3_INVENTORY", "ATHENA_DATA")
	h.oneOf("CSVDelimiter", "COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB")
	h.oneOf("CSVHeaderLocation", "FIRST_ROW", "GIVEN")
	h.array("CSVHeaders")
	h.text("ItemsPointer")
	h.exclusive("MaxItems", "MaxItemsPath")
	x.prefix = "ItemReader/ReaderConfig/"
	r.maxItems = p.scalar(h, "MaxItems", x, 0, 100000000)
}

var readerFields = map[string]bool{
	"InputType": true, "Transformation": true, "ManifestType": true, "CSVDelimiter": true, "CSVHeaderLocation": true,
	"CSVHeaders": true, "ItemsPointer": true, "MaxItems": true, "MaxItemsPath": true,
}

// arguments reads Parameters or Arguments, by language.
func (p *parser) arguments(f fields, x exprs) template {
	if x.lang == JSONata {
		return p.template(f, "Arguments", x)
	}
	return p.template(f, "Parameters", x)
}

func (p *parser) itemBatcher(m *mapFields, f fields, x exprs) {
	o, ok := f.object("ItemBatcher")
	if !ok {
		return
	}
	g := fields{p: p, o: o, at: f.at + "/ItemBatcher", lang: f.lang}
	g.known(map[string]Language{"MaxItemsPerBatch": "", "MaxInputBytesPerBatch": "", "BatchInput": "",
		"MaxItemsPerBatchPath": JSONPath, "MaxInputBytesPerBatchPath": JSONPath}, false)
	g.exclusive("MaxItemsPerBatch", "MaxItemsPerBatchPath")
	g.exclusive("MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath")
	x.prefix = "ItemBatcher/"
	m.batcher = &itemBatcher{
		maxItems: p.scalar(g, "MaxItemsPerBatch", x, 1, maxSeconds),
		maxBytes: p.scalar(g, "MaxInputBytesPerBatch", x, 1, maxPayload),
		input:    p.template(g, "BatchInput", x),
	}
	if m.batcher.maxItems == nil && m.batcher.maxBytes == nil {
		p.schema("One of the fields [MaxItemsPerBatch, MaxInputBytesPerBatch] is required", g.at)
	}
}

func (p *parser) resultWriter(m *mapFields, f fields, x exprs) {
	o, ok := f.object("ResultWriter")
	if !ok {
		return
	}
	g := fields{p: p, o: o, at: f.at + "/ResultWriter", lang: f.lang}
	g.known(map[string]Language{"Resource": "", "WriterConfig": "", "Parameters": JSONPath, "Arguments": JSONata}, false)
	if o.Len() == 0 {
		p.schema("Value cannot be empty", g.at)
		return
	}
	w := &resultWriter{}
	m.writer = w
	if arn, ok := g.text("Resource"); ok {
		r := ParseResource(arn)
		p.resource(r, g.at+"/Resource")
		w.resource = &r
	} else if !g.has("WriterConfig") {
		g.required("Resource")
	}
	x.prefix = "ResultWriter/"
	w.args = p.arguments(g, x)
	if c, ok := g.object("WriterConfig"); ok {
		w.config = value.FromObject(c)
		h := fields{p: p, o: c, at: g.at + "/WriterConfig"}
		h.only(map[string]bool{"Transformation": true, "OutputType": true})
		h.oneOf("Transformation", "NONE", "COMPACT", "FLATTEN")
		h.oneOf("OutputType", "JSON", "JSONL")
	}
}
