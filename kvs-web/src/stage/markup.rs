//! A picture as a tree of elements: printed as SVG text, or painted into a document by changing only what differs.

use std::fmt::Write;

/// One element.
#[derive(Clone, Debug, PartialEq)]
pub struct Element {
    /// Its tag.
    pub tag: &'static str,
    /// Tells it from its siblings, so that a moving one stays the same element.
    pub key: String,
    /// Its attributes.
    pub attributes: Vec<(&'static str, String)>,
    /// Its text, if it has no children.
    pub text: String,
    /// Its children.
    pub children: Vec<Element>,
}

/// An element without anything in it.
pub fn element(tag: &'static str) -> Element {
    Element { tag, key: String::new(), attributes: Vec::new(), text: String::new(), children: Vec::new() }
}

/// A number with no more decimals than a screen can show.
pub fn number(value: f64) -> String {
    format!("{}", (value * 10.0).round() / 10.0)
}

impl Element {
    /// Names it among its siblings.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = key.into();
        self
    }

    /// Adds an attribute.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.attributes.push((name, value.into()));
        self
    }

    /// Adds an attribute that is a number.
    #[must_use]
    pub fn at(self, name: &'static str, value: f64) -> Self {
        self.with(name, number(value))
    }

    /// Sets its text.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.text = text.into();
        self
    }

    /// Adds a child.
    #[must_use]
    pub fn child(mut self, child: Element) -> Self {
        self.children.push(child);
        self
    }

    /// Adds children.
    #[must_use]
    pub fn children(mut self, children: impl IntoIterator<Item = Element>) -> Self {
        self.children.extend(children);
        self
    }

    /// Writes it as SVG.
    pub fn print(&self, out: &mut String) {
        out.push('<');
        out.push_str(self.tag);
        for (name, value) in &self.attributes {
            // Writing to a string does not fail.
            let _infallible = write!(out, " {name}=\"{}\"", escape(value));
        }
        out.push('>');
        out.push_str(&escape(&self.text));
        for child in &self.children {
            child.print(out);
        }
        let _infallible = write!(out, "</{}>", self.tag);
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}
