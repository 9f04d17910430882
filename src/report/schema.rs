//! JSON Schema (draft 2020-12) of the records, made from the same walks that print them.
//!
//! A blank record shows the form of each column by the call that it makes, and by its value whether the column may be null.

use serde_json::{Map, Value, json};

use super::fields::{Fields, Record, wire_columns};
use super::record::{LedgerRecord, UnitRecord};
use super::summary::Summary;
use crate::artefact::Artefact;
use crate::check::{Finding, Unjudged};
use crate::compare::{BreakEven, WhatIf};
use crate::event::{Connection, Exchange, Frame, Handshake, Message};
use crate::expect::Compared;
use crate::medium::Ethernet;
use crate::notice::Notice;
use crate::time::Timestamp;
use crate::wire::Wire;

/// The schema of every type of record.
pub fn schema() -> Value {
    let mut definitions = Map::new();
    add::<Summary>(&mut definitions);
    add::<Connection>(&mut definitions);
    add::<Handshake<'_>>(&mut definitions);
    add::<Exchange<'_>>(&mut definitions);
    add::<Message<'_>>(&mut definitions);
    add::<Frame<'_>>(&mut definitions);
    add::<LedgerRecord>(&mut definitions);
    add::<Finding>(&mut definitions);
    add::<Unjudged>(&mut definitions);
    add::<Compared>(&mut definitions);
    add::<UnitRecord>(&mut definitions);
    add::<BreakEven>(&mut definitions);
    add::<WhatIf>(&mut definitions);
    add::<Artefact>(&mut definitions);
    add::<Ethernet>(&mut definitions);
    add::<Notice>(&mut definitions);
    let any: Vec<Value> = definitions
        .keys()
        .map(|name| json!({ "$ref": format!("#/$defs/{name}") }))
        .collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:wscope:records:1",
        "title": "The records of wscope",
        "schema": 1,
        "oneOf": any,
        "$defs": definitions,
    })
}

fn add<R: Record>(definitions: &mut Map<String, Value>) {
    let mut columns = Columns::default();
    columns.push("type", json!({ "const": R::TYPE }));
    columns.push("capture", json!({ "type": "string" }));
    R::blank().walk(&mut columns);
    definitions.insert(R::TYPE.to_string(), columns.object());
}

/// Collects the columns of one object.
#[derive(Default)]
struct Columns {
    names: Vec<Value>,
    properties: Map<String, Value>,
}

impl Columns {
    fn push(&mut self, name: &'static str, form: Value) {
        self.names.push(name.into());
        self.properties.insert(name.to_string(), form);
    }

    /// A column of a simple type.
    fn simple(&mut self, name: &'static str, kind: &str, null: bool, more: Value) {
        let kind = if null {
            json!([kind, "null"])
        } else {
            json!(kind)
        };
        let mut form = more;
        if let Value::Object(form) = &mut form {
            form.insert("type".to_string(), kind);
        }
        self.push(name, form);
    }

    fn object(self) -> Value {
        json!({
            "type": "object",
            "properties": self.properties,
            "required": self.names,
        })
    }
}

impl Fields for Columns {
    fn text(&mut self, name: &'static str, value: Option<&str>) {
        self.simple(name, "string", value.is_none(), json!({}));
    }

    fn choice(&mut self, name: &'static str, value: Option<&'static str>, set: &[&'static str]) {
        let mut set: Vec<Value> = set.iter().map(|&name| name.into()).collect();
        if value.is_none() {
            set.push(Value::Null);
        }
        self.push(name, json!({ "enum": set }));
    }

    fn integer(&mut self, name: &'static str, value: Option<u64>) {
        self.simple(name, "integer", value.is_none(), json!({ "minimum": 0 }));
    }

    fn ratio(&mut self, name: &'static str, value: Option<f64>) {
        self.simple(name, "number", value.is_none(), json!({ "minimum": 0 }));
    }

    fn boolean(&mut self, name: &'static str, value: Option<bool>) {
        self.simple(name, "boolean", value.is_none(), json!({}));
    }

    fn hex(&mut self, name: &'static str, value: Option<&[u8]>) {
        let pattern = json!({ "pattern": "^([0-9a-f]{2})*$" });
        self.simple(name, "string", value.is_none(), pattern);
    }

    fn base64(&mut self, name: &'static str, value: Option<&[u8]>) {
        let encoding = json!({ "contentEncoding": "base64" });
        self.simple(name, "string", value.is_none(), encoding);
    }

    fn time(&mut self, name: &'static str, value: Option<Timestamp>) {
        let format = json!({ "format": "date-time" });
        self.simple(name, "string", value.is_none(), format);
    }

    fn texts(&mut self, name: &'static str, _values: &[&str]) {
        self.push(
            name,
            json!({ "type": "array", "items": { "type": "string" } }),
        );
    }

    fn wire(&mut self, name: &'static str, value: Option<&Wire>) {
        let mut columns = Self::default();
        wire_columns(&Wire::default(), |column, bytes| {
            columns.integer(column, Some(bytes));
        });
        let mut form = columns.object();
        if let (None, Value::Object(form)) = (value, &mut form) {
            form.insert("type".to_string(), json!(["object", "null"]));
        }
        self.push(name, form);
    }

    fn object(&mut self, name: &'static str, walk: &dyn Fn(&mut dyn Fields)) {
        let mut columns = Self::default();
        walk(&mut columns);
        self.push(name, columns.object());
    }

    fn map(&mut self, name: &'static str, walk: &dyn Fn(&mut dyn Fields)) {
        let mut columns = Self::default();
        walk(&mut columns);
        let form = columns.properties.into_iter().next();
        let form = form.map_or(Value::Bool(true), |(_, form)| form);
        self.push(
            name,
            json!({ "type": "object", "additionalProperties": form }),
        );
    }

    fn list(&mut self, name: &'static str, _len: usize, walk: &dyn Fn(usize, &mut dyn Fields)) {
        let mut columns = Self::default();
        walk(0, &mut columns);
        self.push(name, json!({ "type": "array", "items": columns.object() }));
    }
}
