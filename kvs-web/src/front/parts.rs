//! Patterns and sockets: which part is where, as the stores themselves say.

use kvs_core::zoo::Socket;
use kvs_core::zoo::catalog::EXHIBITS;
use yew::prelude::*;

/// A row a store, a column a socket.
#[component]
pub fn Parts() -> Html {
    let plain = EXHIBITS[0].architecture();
    html! {
        <div class="table-place">
            <table class="wide parts" data-testid="parts">
                <thead><tr>
                    <th scope="col">{ "Store" }</th>
                    { for Socket::ALL.iter().map(|socket| html! { <th scope="col" title={socket.question()}>{ socket.title() }</th> }) }
                </tr></thead>
                <tbody>{ for EXHIBITS.iter().map(|exhibit| {
                    let architecture = exhibit.architecture();
                    html! {
                        <tr data-store={exhibit.name}>
                            <th scope="row"><a href={format!("#{}", exhibit.name)}>{ exhibit.title }</a></th>
                            { for Socket::ALL.iter().map(|socket| {
                                let part = architecture.part(*socket);
                                let is_plain = part == plain.part(*socket);
                                html! { <td class={if is_plain { "plain" } else { "special" }}>{ part.label }</td> }
                            }) }
                        </tr>
                    }
                }) }</tbody>
            </table>
        </div>
    }
}
