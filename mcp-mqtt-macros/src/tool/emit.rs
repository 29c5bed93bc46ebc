//! The registration of a checked tool, and the function beside it. Cannot fail.
//!
//! Every token of an expression that the compiler checks against our traits carries the user's
//! place: an error then points at the user's code and not at `#[tool]`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};

use super::attributes::DefaultValue;
use super::param::Param;
use super::spec::Spec;
use crate::item::Item;
use crate::types::ends;

/// The function as the user wrote it. A tool has to be `async` and to own its parameters, so what
/// clippy says about that is not the user's fault.
pub(super) fn user(item: &Item) -> TokenStream {
    quote! {
        #[allow(clippy::unused_async, clippy::needless_pass_by_value, clippy::too_many_arguments)]
        #item
    }
}

impl ToTokens for Spec {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self { attrs, options, .. } = self;
        let krate = &options.krate;
        let params = self
            .params
            .iter()
            .enumerate()
            .map(|(i, param)| self.declaration(i, param));
        let metas = (0..self.params.len()).map(constant);
        let (output, returns) = self.returns();
        let call = self.call();
        let imports = self.imports();
        let fields = self.fields();
        tokens.extend(quote! {
            #(#attrs)*
            const _: () = {
                use #krate::__private as __rt;
                #imports
                #(#params)*
                fn __returns() -> __rt::Return<#output> { #returns }
                #[__rt::linkme::distributed_slice(__rt::MCP_MQTT_TOOLS_V0)]
                #[linkme(crate = __rt::linkme)]
                static __TOOL: __rt::ToolDef = __rt::ToolDef {
                    #fields
                    module: ::core::module_path!(),
                    file: ::core::file!(),
                    line: ::core::line!(),
                    params: &[#(#metas.meta()),*],
                    output: |g| __returns().schema(g),
                    call: #call,
                    ..__rt::ToolDef::BLANK
                };
            };
        });
    }
}

impl Spec {
    /// The traits whose methods are called below, for users without a prelude.
    fn imports(&self) -> TokenStream {
        let constrained = self
            .params
            .iter()
            .any(|param| !param.attributes.schemars.is_empty());
        let for_derive = constrained.then(|| {
            quote! {
                use __rt::Unconstrained as _;
                use ::core::convert::{From as _, Into as _};
            }
        });
        quote! {
            use __rt::PlainReturn as _;
            #for_derive
        }
    }

    /// What the keys and the documentation say.
    fn fields(&self) -> TokenStream {
        let options = &self.options;
        let name = &options.name;
        let docs = &self.docs;
        let description = options
            .description
            .as_ref()
            .map_or_else(|| docs.to_token_stream(), ToTokens::to_token_stream);
        let title = some("title", options.title.as_ref());
        let version = some("version", options.version.as_ref());
        let callers = options
            .allowed_callers
            .as_ref()
            .map(|callers| quote!(&[#(#callers),*]));
        let callers = some("allowed_callers", callers.as_ref());
        let timeout = some("timeout_ms", options.timeout_ms.as_ref());
        let concurrency = some("concurrency", options.concurrency.as_ref());
        let verified = options
            .require_verified
            .then(|| quote!(require_verified: true,));
        let streaming = options.streaming.then(|| quote!(streaming: true,));
        let hints = (!options.hints.is_empty()).then(|| {
            let hints = options.hints.iter().map(|(hint, value)| {
                let hint = Ident::new(&hint.to_string(), Span::mixed_site());
                quote!(.#hint(#value))
            });
            quote!(hints: __rt::Hints::new() #(#hints)*,)
        });
        quote! {
            name: #name,
            description: #description,
            #title #version #callers #streaming #timeout #concurrency #verified #hints
        }
    }

    /// The result type, and the expression that finds its handling.
    fn returns(&self) -> (TokenStream, TokenStream) {
        let (output, (first, last)) = match &self.output {
            Some(ty) => (ty.to_token_stream(), ends(ty)),
            None => {
                let at = self.ident.span();
                (quote_spanned!(at=> ()), (at, at))
            }
        };
        let open = quote_spanned!(first=> __rt::Probe::<);
        let close = quote_spanned!(last=> >::NEW.returns());
        (output.clone(), quote!(#open #output #close))
    }

    /// Takes every parameter, so that all faults are found, and then calls the function.
    fn call(&self) -> TokenStream {
        let ident = &self.ident;
        let at = ident.span();
        let input = if self.params.is_empty() {
            quote!(_)
        } else {
            Ident::new("input", Span::mixed_site()).to_token_stream()
        };
        let values: Vec<_> = (0..self.params.len())
            .map(|i| format_ident!("p{i}", span = Span::mixed_site()))
            .collect();
        let takes = values.iter().enumerate().map(|(i, value)| {
            let constant = constant(i);
            quote!(let #value = #constant.take(#input);)
        });
        let arguments = quote!(#(#values?),*);
        let boxed = quote_spanned!(at=> __rt::boxed(#ident(#arguments), __returns()));
        quote! {
            |#input| {
                #(#takes)*
                ::core::option::Option::Some(#boxed)
            }
        }
    }

    /// The constant that describes a parameter.
    fn declaration(&self, index: usize, param: &Param) -> TokenStream {
        let Param {
            ty,
            property,
            docs,
            attributes,
            ..
        } = param;
        let constant = constant(index);
        let (first, last) = ends(ty);
        let open = quote_spanned!(first=> <);
        let close = quote_spanned!(last=> as __rt::ToolParam>::VTABLE);
        let default = attributes
            .default
            .as_ref()
            .map(|DefaultValue { key, path }| match path {
                Some(path) => quote!(.default(#path)),
                None => quote_spanned!(key.span()=> .default(::core::default::Default::default)),
            });
        let with = attributes
            .deserialize_with
            .as_ref()
            .map(|path| quote!(.with(|v| #path(v))));
        let aliases = &attributes.aliases;
        let aliases = (!aliases.is_empty()).then(|| quote!(.aliases(&[#(#aliases),*])));
        let (carrier, schemars) = carrier(index, param).unzip();
        let nameless = param.pattern.map(|at| {
            let tool = &self.options.name;
            let message = format!(
                "parameter of tool `{tool}` must be a plain name, because it becomes a JSON property\nhelp: write `name: Type` and take it apart in the body"
            );
            let constant = Ident::new(&constant.to_string(), at);
            let check = quote_spanned!(at=> #constant.nameless(#message));
            quote!(const _: () = #check;)
        });
        quote! {
            #carrier
            const #constant: __rt::Param<#ty> =
                __rt::Param::new(#property, #docs, #open #ty #close) #aliases #default #with #schemars;
            #nameless
        }
    }
}

/// `field: Some(value),` if there is one.
fn some(field: &str, value: Option<&impl ToTokens>) -> Option<TokenStream> {
    let field = Ident::new(field, Span::mixed_site());
    value.map(|value| quote!(#field: ::core::option::Option::Some(#value),))
}

/// The name of a parameter's constant.
fn constant(index: usize) -> Ident {
    format_ident!("__P{index}", span = Span::mixed_site())
}

/// The hidden struct that carries `#[schemars(…)]`, and the call that reads its schema.
fn carrier(index: usize, param: &Param) -> Option<(TokenStream, TokenStream)> {
    let schemars = &param.attributes.schemars;
    if schemars.is_empty() {
        return None;
    }
    let name = format_ident!("__P{index}Schema", span = Span::mixed_site());
    let field = &param.ident;
    let declaration = quote! {
        #[derive(__rt::schemars::JsonSchema)]
        #[schemars(crate = "__rt::schemars")]
        struct #name { #(#schemars)* #field: __rt::Hole }
    };
    let read = quote!(.schemars(|g| __rt::Constrain::<#name>::NEW.schema(g)));
    Some((declaration, read))
}
